// Package compose holds docker-compose.yml to what the workshop promises of it.
// It has tests alone.
package compose
