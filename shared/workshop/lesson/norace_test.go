//go:build !race

package lesson_test

const race = false // as these tests are built, so are the services
