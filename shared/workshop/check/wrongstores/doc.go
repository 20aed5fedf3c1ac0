// Package wrongstores tests what check says about mistakes in lessons 4 and 5: the database and Redis.
package wrongstores
