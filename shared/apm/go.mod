module thinker/shared/apm

go 1.26.0

require (
	github.com/DataDog/datadog-agent/pkg/proto v0.85.1
	github.com/DataDog/sketches-go v1.4.8
	github.com/gofrs/flock v0.13.1
	github.com/klauspost/compress v1.20.3
	github.com/tinylib/msgp v1.6.4
	golang.org/x/sync v0.24.0
	modernc.org/sqlite v1.60.1
)
