package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// tellPHP has PHP read one file more beside its php.ini: libcurl in PHP reads no
// variable for certificates.
func (s clientSetup) tellPHP(told map[string]string) error {
	bundle := filepath.Join(s.dir, bundleFile)
	if _, err := s.write("php.ini", fmt.Appendf(nil, "curl.cainfo = \"%s\"\nopenssl.cafile = \"%s\"\n", bundle, bundle)); err != nil {
		return err
	}
	// An empty name in the list, as before its first separator, is PHP's own directory.
	told["PHP_INI_SCAN_DIR"] = s.appendedList("PHP_INI_SCAN_DIR", s.dir)
	return nil
}

// appendedList returns a list of paths of the user's with one more behind it, unless it
// has it.
func (s clientSetup) appendedList(name, path string) string {
	own := s.env.get(name)
	if slices.Contains(filepath.SplitList(own), path) {
		return own
	}
	return own + string(os.PathListSeparator) + path
}
