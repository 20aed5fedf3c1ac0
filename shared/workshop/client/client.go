// Package client asks a running step and its agent over HTTP, wherever they run.
package client
