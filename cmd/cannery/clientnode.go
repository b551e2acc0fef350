package main

import (
	"cmp"
	_ "embed"
	"path/filepath"
	"strings"
)

// nodePreload makes Node use the proxy where it does not by itself.
//
//go:embed clientnode.cjs
var nodePreload []byte

// tellNode has every Node use the proxy, and Bun: themselves as far as they can, and with
// a script of ours.
func (s clientSetup) tellNode(told map[string]string) error {
	if s.proxy == "" {
		return nil
	}
	path, err := writeWhole(filepath.Join(cmp.Or(s.lasting, s.dir), "node-proxy.cjs"), nodePreload)
	if err != nil {
		return err
	}
	told["NODE_USE_ENV_PROXY"] = "1"
	told["NODE_OPTIONS"] = s.appended("NODE_OPTIONS", "--require "+nodeQuoted(path))
	// Bun cannot read a path with a space there.
	if !strings.Contains(path, " ") {
		told["BUN_OPTIONS"] = s.appended("BUN_OPTIONS", "--preload="+path)
	}
	return nil
}

// nodeQuoted returns a word as NODE_OPTIONS has it.
func nodeQuoted(word string) string {
	if !strings.ContainsAny(word, ` "`) {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
