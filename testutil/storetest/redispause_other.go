//go:build !unix

package storetest

// Pause skips the test: this system has no signal that stops a process.
func (s *RedisServer) Pause() {
	s.t.Helper()
	s.t.Skip("no signal stops redis-server on this system")
}

// Resume ends a Pause, which never comes.
func (s *RedisServer) Resume() {}
