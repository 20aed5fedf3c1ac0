// Package e2e tests apm as a process, from outside: what it answers, how much
// memory and disk it takes, and how it ends, whatever it is sent.
package e2e
