package replay

import "sync"

// Stop ends the answers that have no end of their own: recorded streams that
// were open. A server that shuts down would wait for them. Others are answered
// as before. It may be called more than once.
func (p *Proxy) Stop() {
	done := p.stopped.done()
	p.stopped.once.Do(func() { close(done) })
}

// stopped is whether a proxy has been asked to stop. It may be used concurrently.
type stopped struct {
	once sync.Once
	mu   sync.Mutex
	ch   chan struct{} // guarded by mu; nil before its first use
}

// done returns the channel that Stop closes.
func (s *stopped) done() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}
