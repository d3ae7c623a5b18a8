package session_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"burrow/internal/tunnel/ssmtest"
)

var withPlugin = flag.Bool("plugin", false, "run AWS's own plugin against the fake, too")

var opened = regexp.MustCompile(`Port (\d+) opened for sessionId`)

// plugin builds AWS's own client, which proves the fake by code that is not ours.
func plugin(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("there is nowhere to keep AWS's plugin: %v", err)
	}
	path := filepath.Join(cache, "burrow", "session-manager-plugin")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = filepath.Join("testdata", "plugin")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("AWS's plugin cannot be built here: %v\n%s", err, out)
	}
	return path
}

// AWS's own plugin gets through the fake as it gets through SSM.
func TestPlugin(t *testing.T) {
	if !*withPlugin {
		t.Skip("builds and runs AWS's plugin, for which -plugin asks")
	}
	path := plugin(t)
	for version, connections := range map[string]int{"3.0.161.0": 1, "3.0.222.0": 2, "3.3.3050.0": 2} {
		t.Run(version, func(t *testing.T) { tryPlugin(t, path, version, connections) })
	}
}

func tryPlugin(t *testing.T, path, version string, connections int) {
	f := ssmtest.New(t, echo(t))
	f.AgentVersion = version
	ticket, err := f.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := json.Marshal(map[string]string{"SessionId": ticket.SessionID, "TokenValue": ticket.Token, "StreamUrl": ticket.StreamURL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, path, string(answer), "eu-west-2", "StartSession", "", `{"Target":"i-0123456789abcdef0"}`, "https://ssm.eu-west-2.amazonaws.com")
	run.Env = append(os.Environ(), "HOME="+t.TempDir(), "TMPDIR="+t.TempDir(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = run.Wait()
	}()
	port := ""
	for lines := bufio.NewScanner(out); port == "" && lines.Scan(); {
		t.Log(lines.Text())
		if found := opened.FindStringSubmatch(lines.Text()); found != nil {
			port = found[1]
		}
	}
	if port == "" {
		t.Fatal("the plugin opens no port")
	}
	for range connections {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			t.Fatal(err)
		}
		if err := talk(c, 100_000); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}
