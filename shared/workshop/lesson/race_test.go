//go:build race

package lesson_test

const race = true // as these tests are built, so are the services
