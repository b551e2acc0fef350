package main

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// addSystem adds the roots of the system, which Windows keeps in a store.
func (c *certificates) addSystem() {
	store, err := windows.CertOpenSystemStore(0, windows.StringToUTF16Ptr("ROOT"))
	if err != nil {
		return
	}
	defer windows.CertCloseStore(store, 0)
	var cert *windows.CertContext
	for {
		// Each call frees the one before.
		if cert, err = windows.CertEnumCertificatesInStore(store, cert); err != nil {
			return
		}
		c.add(slices.Clone(unsafe.Slice(cert.EncodedCert, cert.Length)))
	}
}
