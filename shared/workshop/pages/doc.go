// Package pages holds the agent's pages to what they promise, in a real browser:
// nothing goes wrong in them or comes from elsewhere, whatever spans say; they can
// be read without scripts, at any width, in light and dark, by keyboard and with a
// screen reader; and they are fast. It has tests and benchmarks alone.
//
// To see all pages, have the tests write pictures of them:
//
//	go test ./shared/workshop/pages -run TestPages -screenshots DIR
package pages
