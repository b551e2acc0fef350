package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// wgetMark is the line that our settings stand below.
const wgetMark = "\n# for cannery's proxy\n"

// tellWget has wget read a file of settings instead of the user's, whose text it begins
// with. wget has no variable for certificates, and what the user's file says of proxies
// would count more than the variables.
func (s clientSetup) tellWget(told map[string]string) error {
	var text bytes.Buffer
	if own, err := os.ReadFile(s.wgetrc()); err == nil {
		own, _, _ = bytes.Cut(own, []byte(wgetMark)) // it may be ours from before
		text.Write(own)
	}
	text.WriteString(wgetMark)
	fmt.Fprintf(&text, "ca_certificate = %s\n", filepath.Join(s.dir, bundleFile))
	if s.proxy != "" {
		fmt.Fprintf(&text, "use_proxy = on\nhttp_proxy = %s\nhttps_proxy = %s\nno_proxy = %s\n", s.proxy, s.proxy, told["no_proxy"])
	}
	path, err := s.write("wgetrc", text.Bytes())
	told["WGETRC"] = path
	return err
}

// wgetrc returns the file of settings that wget would read.
func (s clientSetup) wgetrc() string {
	if path := s.env.get("WGETRC"); path != "" {
		return path
	}
	return filepath.Join(s.env.get("HOME"), ".wgetrc")
}
