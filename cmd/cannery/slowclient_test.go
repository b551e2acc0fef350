package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestPacedConnectionSendsFilesWhole sends files about the size of a piece, as
// they are and limited.
func TestPacedConnectionSendsFilesWhole(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 9<<20/16)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	timed := newTimedListener(l)
	for _, size := range []int64{0, 1, 4<<20 - 1, 4 << 20, 4<<20 + 1, 8 << 20, int64(len(content)), -1} {
		received := make(chan []byte, 1)
		go func() {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				received <- nil
				return
			}
			defer conn.Close()
			got, _ := io.ReadAll(conn)
			received <- got
		}()
		conn, err := timed.Accept()
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var src io.Reader = f
		want := content
		if size >= 0 {
			src, want = io.LimitReader(f, size), content[:size]
		}
		n, err := conn.(io.ReaderFrom).ReadFrom(src)
		f.Close()
		conn.Close()
		if got := <-received; err != nil || n != int64(len(want)) || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: sent %d, received %d, %v", size, n, len(got), err)
		}
	}
}
