// Package wrongtraces tests what check says about mistakes in lessons 1 to 3: the traces of two services.
package wrongtraces
