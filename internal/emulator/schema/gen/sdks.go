//go:build sdks

package main

// The generator reads the sources of every SDK but links none. The program links
// all of them except this one; the import, which no build sees, keeps it in
// go.mod.
import _ "github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
