// Package bench measures what the workshop promises a learner: how soon a step
// is up, how soon a trace is visible, and what the cache of the last step costs and gains. It
// only has benchmarks; make bench runs them.
package bench
