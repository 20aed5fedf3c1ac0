//go:build race

package pages

const race = true // as these tests are built, so are the services
