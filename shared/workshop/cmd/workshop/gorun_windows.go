package main

import "context"

// endWithGoRun is for where a program is told of a parent that has ended.
func endWithGoRun(ctx context.Context) context.Context { return ctx }
