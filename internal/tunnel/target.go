package tunnel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// A Target is a cluster's API and the way to it.
type Target struct {
	Cluster, Region string
	// Host is that of the cluster's endpoint. The document leads there by itself: it tells
	// clusters of one name apart, in two accounts or one after the other.
	Host string
	// Document is the SSM document of type Port that names the cluster's endpoint.
	Document string
	// Port of 127.0.0.1 that is listened at, 1 to 65535.
	Port int
}

func (t Target) args() []string {
	return []string{"-cluster", t.Cluster, "-region", t.Region, "-host", t.Host, "-document", t.Document, "-port", strconv.Itoa(t.Port)}
}

func (t Target) address() string { return "127.0.0.1:" + strconv.Itoa(t.Port) }

// DirVariable is the environment variable that moves the folder in which owners are found.
const DirVariable = "BURROW_TUNNEL_DIR"

// socketLimit is the longest path of a Unix socket that every system takes. Source:
// sockaddr_un of macOS, sun_path[104].
const socketLimit = 103

// A folder is where owners of a user are found, by nobody else.
type folder string

func openFolder() (folder, error) {
	dir := os.Getenv(DirVariable)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a folder for tunnels: %w; %s names one", err, DirVariable)
		}
		dir = filepath.Join(cache, "burrow", "tunnels")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for tunnels: %w", err)
	}
	f := folder(dir)
	if path := f.path(Target{}, ".socket"); len(path) > socketLimit {
		return "", fmt.Errorf("%s is too long for a socket, by %d bytes: let %s name a shorter folder", dir, len(path)-socketLimit, DirVariable)
	}
	return f, nil
}

// path is a file of the owner for a cluster and a port: a kubeconfig with another port than
// before has an owner of its own, so that connections at the old one live on.
func (f folder) path(t Target, suffix string) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(t.Region, "/", t.Cluster, "/", t.Port)))
	return filepath.Join(string(f), hex.EncodeToString(sum[:6])+suffix)
}
