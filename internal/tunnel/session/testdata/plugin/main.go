// Command plugin is AWS's own session-manager-plugin, which has no go.mod: another client
// for the fake of the data channel.
package main

import (
	"os"

	"github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/portsession"
)

func main() { session.ValidateInputAndStartSession(os.Args, os.Stdout) }
