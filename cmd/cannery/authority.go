package main

import (
	"context"
	"encoding/pem"

	"example.com/cannery/replay"
	"example.com/cannery/replay/authority"
)

// What is here is of the authority of one run: who makes it, and how its certificate
// gets to those who are to trust it.

// hasAuthority reports whether somebody will be shown certificates of this run.
func (o *start) hasAuthority() bool { return o.forward.on || o.tls.showsLeaves() }

// checkCAFile looks at --ca-file: better now than when clients wait for it.
func (o *start) checkCAFile(f *flags, command string) error {
	switch {
	case o.caFile == "":
		return nil
	case !o.hasAuthority() && o.tls.pair != nil:
		return misuse("clients are to trust who has signed --tls-cert", "%s: %s %q is for --proxy, or for --tls without --tls-cert", command, f.source["ca-file"], o.caFile)
	case !o.hasAuthority():
		return misuse("add --proxy or --tls, or leave it out", "%s: %s %q is for --proxy or --tls", command, f.source["ca-file"], o.caFile)
	}
	if err := checkOutput(o.caFile); err != nil {
		return misuse("name a file in a directory that can be written to", "write %s %q: %w", f.source["ca-file"], o.caFile, err)
	}
	return nil
}

// makeAuthority makes the authority of this run, if there is need of one.
func (o *start) makeAuthority() (err error) {
	if o.hasAuthority() {
		o.authority, err = authority.New()
	}
	return err
}

// authorityPEM is the certificate of this run's authority, nil for none.
func (o *start) authorityPEM() []byte {
	if o.authority == nil {
		return nil
	}
	return o.authority.PEM()
}

// trusted are the certificates, in PEM, that clients are to trust: of this run's
// authority, and those of --tls-cert. Nil: they are shown none.
func (o *start) trusted() []byte {
	all := o.authorityPEM()
	if o.tls.pair != nil {
		for _, der := range o.tls.pair.Certificate {
			all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
	}
	return all
}

// tellAuthority has a proxy show the authority's certificate to whoever asks, and
// writes it to --ca-file. End is as of tell.
func (o *start) tellAuthority(ctx context.Context, w *world, j *journal, p *replay.Proxy) (end func(), err error) {
	p.Answers.Authority = o.authorityPEM()
	return w.tell(ctx, j, "--ca-file", o.caFile, o.authorityPEM())
}
