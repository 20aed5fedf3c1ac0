// Package compose holds docker-compose.yml to what the workshop promises of it.
// It only has tests.
package compose
