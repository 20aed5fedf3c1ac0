// Package pages tests the agent's pages in a real browser. They must work and load nothing
// from elsewhere, whatever spans contain. They must be readable without scripts, at any
// width, in light and dark, by keyboard and with a screen reader. And they must be fast. The
// package only has tests and benchmarks.
//
// To see all pages, let the tests write screenshots:
//
//	go test ./shared/workshop/pages -run TestPages -screenshots DIR
package pages
