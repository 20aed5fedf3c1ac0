// Package bench measures what the workshop promises a learner: how soon a step
// is up, how soon a trace is to be seen, and what the cache of the last step
// costs and gains. It has benchmarks alone; make bench runs them.
package bench
