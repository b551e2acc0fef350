// Package storetest is what the tests of stores need: the conformance test that
// every store passes, a store on a directory, a real redis-server, a child process to
// kill and a disk that is full.
package storetest
