//go:build !race

package pages

const race = false // as these tests are built, so are the services
