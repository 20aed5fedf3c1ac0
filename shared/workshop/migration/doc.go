// Package migration tests the READMEs' way from dd-trace-go v1 to v2, and the code that
// they show for services of your own.
package migration
