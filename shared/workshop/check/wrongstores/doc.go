// Package wrongstores tests what check says of the mistakes in lessons 4 and 5, which are about the database and Redis.
package wrongstores
