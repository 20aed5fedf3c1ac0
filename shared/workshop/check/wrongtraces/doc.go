// Package wrongtraces tests what check says of the mistakes in lessons 1 to 3, which are about the traces of two services.
package wrongtraces
