// Package bench measures an apm as its users have it: a process of its own, with
// its traces where it keeps them, under a load that apm load sends from another
// one. How many spans it takes in and what memory that costs, how soon searches
// answer, at rest and meanwhile, and what is left after it was killed. It has
// benchmarks alone; make bench runs them.
package bench
