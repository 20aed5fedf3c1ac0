package main

import "context"

// endWithGoRun returns ctx: on Windows a program is told when its parent ends.
func endWithGoRun(ctx context.Context) context.Context { return ctx }
