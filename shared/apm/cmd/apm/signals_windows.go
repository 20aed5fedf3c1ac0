package main

import "os"

// relayed are the signals that belong to the command while it runs.
func relayed() []os.Signal { return []os.Signal{os.Interrupt} }

// passOn does nothing: a console's Ctrl-C reaches every program that runs in it.
func passOn(*os.Process, os.Signal) {}
