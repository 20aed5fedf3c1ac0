// Package rules holds the workshop to the rules it was built by: who imports
// whom, how neighbouring steps differ, and one version for each library. It
// only has tests.
package rules
