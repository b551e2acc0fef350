package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// readerTimeout is how long a command that is done waits for somebody to read
// the FIFO that it was told to write to.
const readerTimeout = 3 * time.Second

// errNoReader says that nobody has opened a FIFO to read it.
var errNoReader = errors.New("nobody reads this FIFO: start its reader first")

// writeOutput has write fill the file that a user has named. What is not there,
// or is a regular file, is replaced as a whole or not at all. All else stays
// what it is and is written through: a device, what a link leads to, a UNIX
// socket that somebody listens on, and a FIFO as soon as it has a reader, which
// is waited for until ctx ends. Errors do not name the path.
func (w *world) writeOutput(ctx context.Context, path string, write func(io.Writer) error) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cause(replaceFile(path, 0o644, write))
	case err != nil:
		return cause(err)
	case info.IsDir():
		return errIsDirectory
	}
	if open := w.streamOf(path); open != nil {
		return cause(write(open))
	}
	if info.Mode().IsRegular() {
		return cause(replaceFile(path, 0o644, write))
	}
	out, err := openThrough(ctx, path)
	if err != nil {
		return cause(err)
	}
	return cause(errors.Join(write(out), out.Close()))
}

var errIsDirectory = errors.New("it is a directory")

// checkOutput reports what would keep writeOutput from writing, as far as it can be
// told without a trace.
func checkOutput(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return errIsDirectory
	case err == nil && !info.Mode().IsRegular():
		return nil
	}
	tmp, err := createBeside(path)
	if err != nil {
		return cause(err)
	}
	return cause(errors.Join(tmp.Close(), os.Remove(tmp.Name())))
}

// appendOutput is writeOutput, but adds to the end of a regular file that is there, or
// that a link leads to.
func (w *world) appendOutput(ctx context.Context, path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || w.streamOf(path) != nil {
		return w.writeOutput(ctx, path, write)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return cause(err)
	}
	var text bytes.Buffer // all at once: others may add to the file, too
	if info.Size() > 0 {
		text.WriteByte('\n')
	}
	err = write(&text)
	if err == nil {
		_, err = file.Write(text.Bytes())
	}
	return cause(errors.Join(err, file.Close()))
}

// checkAppend is checkOutput for appendOutput.
func checkAppend(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return checkOutput(path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return cause(err)
	}
	return cause(file.Close())
}

// createBeside creates the file that is to be moved to a path.
func createBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), ".cannery-output-*")
}

// replaceFile writes a file as a whole: who opens it meanwhile has all of the old one, or
// of the new one.
func replaceFile(path string, mode fs.FileMode, write func(io.Writer) error) error {
	tmp, err := createBeside(path)
	if err != nil {
		return err
	}
	err = errors.Join(write(tmp), tmp.Chmod(mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// streamOf returns our own stdout or stderr when a path, such as /dev/stdout,
// leads to it, nil when it does not. To open such a path again would write over
// what the stream has written, and no socket can be opened.
func (w *world) streamOf(path string) io.Writer {
	named, err := os.Stat(path)
	if err != nil {
		return nil
	}
	for _, stream := range []io.Writer{w.stdout, w.stderr} {
		file, ok := stream.(*os.File)
		if !ok {
			continue
		}
		if open, err := file.Stat(); err == nil && os.SameFile(named, open) {
			return file
		}
	}
	return nil
}

// openThrough opens what is no regular file, or leads to what may be one.
func openThrough(ctx context.Context, path string) (io.WriteCloser, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a link to a file that is yet to be made
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errIsDirectory
	case info.Mode()&fs.ModeSocket != 0:
		return new(net.Dialer).DialContext(ctx, "unix", path)
	case info.Mode()&fs.ModeNamedPipe != 0:
		return openFIFO(ctx, path)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
}

// openFIFO opens a FIFO once it has a reader. To wait in open(2) could not be
// ended, and nothing tells of a reader.
func openFIFO(ctx context.Context, path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, errNoReader
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// leadsToFIFO reports whether a path is a FIFO, or a link to one.
func leadsToFIFO(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeNamedPipe != 0
}
