package wire_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/cannery/testutil/wire"
)

// echo answers each line with itself.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					io.WriteString(conn, line)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// A talk is a connection through a wire.
type talk struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, w *wire.Wire) *talk {
	t.Helper()
	conn, err := net.Dial("tcp", w.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &talk{conn, bufio.NewReader(conn)}
}

// say sends a line and returns what comes back within a time.
func (c *talk) say(line string, within time.Duration) (string, error) {
	c.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", err
	}
	got, err := c.in.ReadString('\n')
	return strings.TrimSuffix(got, "\n"), err
}

const (
	soon = 20 * time.Millisecond // in which nothing comes
	ever = 10 * time.Second      // in which all comes
)

func (c *talk) wantEcho(t *testing.T) {
	t.Helper()
	if got, err := c.say("hello", ever); got != "hello" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestAWireHangsAndGoesOn(t *testing.T) {
	w := wire.To(t, echo(t))
	c := dial(t, w)
	c.wantEcho(t)
	w.Hang()
	for _, c := range []*talk{c, dial(t, w)} {
		if got, err := c.say("late", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("while it hangs: %q, %v", got, err)
		}
	}
	w.Mend()
	if got, err := c.say("hello", ever); got != "late" || err != nil {
		t.Errorf("what was under way: %q, %v", got, err)
	}
	dial(t, w).wantEcho(t)
}

func TestAWireResetsRefusesAndIsMended(t *testing.T) {
	w := wire.To(t, echo(t))
	for _, fault := range []func(){w.Reset, w.Refuse, w.Refuse} {
		c := dial(t, w)
		c.wantEcho(t)
		fault()
		if got, err := c.say("hello", ever); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q, %v", got, err)
		}
		if conn, err := net.Dial("tcp", w.Addr); err == nil {
			conn.SetDeadline(time.Now().Add(ever))
			if n, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a new connection gives %d bytes, %v", n, err)
			}
			conn.Close()
		} else if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a new connection: %v", err)
		}
		w.Mend()
	}
	c := dial(t, w)
	c.wantEcho(t)
	w.Cut()
	if got, err := c.say("hello", ever); err == nil {
		t.Errorf("after the cut: %q", got)
	}
	dial(t, w).wantEcho(t)
}

func TestAWireCutsAnswers(t *testing.T) {
	w := wire.To(t, echo(t))
	old := dial(t, w)
	old.wantEcho(t)
	for _, n := range []int{0, 1, 5, 6, 8} {
		w.CutAfter(n)
		for _, c := range []*talk{old, dial(t, w)} {
			_, _ = c.say("hello", ever)
			rest, _ := c.say("hello", ever)
			if n < 6 && rest != "" {
				t.Errorf("after %d bytes: %q", n, rest)
			} else if n > 6 && rest != "he" {
				t.Errorf("the rest of %d bytes is %q", n, rest)
			}
		}
		w.Mend()
		old = dial(t, w)
	}
}

func TestAWireDelaysAndLosesAnswers(t *testing.T) {
	w := wire.To(t, echo(t))
	c := dial(t, w)
	w.Delay(soon)
	began := time.Now()
	c.wantEcho(t)
	if took := time.Since(began); took < soon {
		t.Errorf("it took %v", took)
	}
	var second atomic.Bool
	w.LoseAnswer(second.Load)
	c.wantEcho(t)
	second.Store(true)
	if got, err := c.say("lost", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", got, err)
	}
	dial(t, w).wantEcho(t)
}
