package jobs

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Environment variables that the text of Kubernetes's servers reads.
const (
	// ServerVariable holds the server's name, which no other server has and which stays: the pod's name.
	ServerVariable = "POD_NAME"
	// AdvertiseVariable holds the name and port by which other servers reach it, one of Place.Routes.
	AdvertiseVariable = "RELAY_ROUTE"
)

// A Place is where servers stand: what their configuration says besides settings.
type Place struct {
	// Clients, Peers and Monitor are the addresses on which a server listens for clients,
	// for other servers and for HTTP, as host:port.
	Clients, Peers, Monitor string
	// Routes are the name and port of each server, itself among them.
	Routes []string
}

// Kubernetes is the place of pods relay-0, relay-1 and so on behind the headless service
// relay-routes of a namespace.
func (s Settings) Kubernetes(namespace string) Place {
	at := func(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
	p := Place{Clients: at("0.0.0.0", s.ClientPort), Peers: at("0.0.0.0", s.RoutePort), Monitor: at("127.0.0.1", s.MonitorPort)}
	for i := range s.Servers {
		p.Routes = append(p.Routes, at(fmt.Sprintf("relay-%d.relay-routes.%s.svc.cluster.local", i, namespace), s.RoutePort))
	}
	return p
}

// ServerConfig is the text of nats-server's configuration, one for all servers of a place: what
// differs comes from ServerVariable and AdvertiseVariable. The settings have no problems.
// The keys are those of https://docs.nats.io/running-a-nats-service/configuration.
func ServerConfig(s Settings, at Place) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	files := func(of Files) {
		line("    cert_file: %q", of.Certificate)
		line("    key_file: %q", of.Key)
		line("    ca_file: %q", of.Authority)
		line("    min_version: \"1.3\"")
		line("    timeout: 5")
	}

	line("server_name: $%s", ServerVariable)
	line("listen: %q", at.Clients)
	line("max_payload: %d", s.MaxPayload+Headroom)
	line("max_pending: %d", 8*(s.MaxPayload+Headroom))
	line("max_connections: 1000")
	line("ping_interval: %q", Ping)
	line("ping_max: 2")
	line("write_deadline: \"10s\"")
	line("lame_duck_duration: %q", LameDuck)
	line("lame_duck_grace_period: \"5s\"")
	line("tls {")
	files(s.ClientTLS)
	line("    # Nothing is said in the clear, not even what the server is.")
	line("    handshake_first: true")
	line("    verify_and_map: true")
	line("}")
	line("")
	line("# NATS's HTTP knows no users.")
	line("http: %q", at.Monitor)
	line("")
	line("# What happens, never what messages hold.")
	line("debug: false")
	line("trace: false")
	line("logtime: true")
	line("logtime_utc: true")
	line("")
	line("jetstream {")
	line("    store_dir: %q", s.Store)
	line("    max_file_store: %d", s.StoreBytes())
	line("    max_memory_store: %d", 16<<20)
	if s.LazySync {
		line("    sync_interval: \"2m\"")
	} else {
		line("    sync_interval: always")
	}
	line("}")
	if s.Servers > 1 {
		line("")
		line("cluster {")
		line("    name: \"relay\"")
		line("    listen: %q", at.Peers)
		line("    advertise: $%s", AdvertiseVariable)
		line("    # Clients know one name alone. Told the servers' own addresses, they could not reach them.")
		line("    no_advertise: true")
		line("    ping_interval: %q", Ping)
		line("    authorization { user: %q, timeout: 5 }", s.URI(Route))
		line("    tls {")
		files(s.RouteTLS)
		line("    verify_and_map: true")
		line("    }")
		line("    routes: [")
		for _, route := range at.Routes {
			line("        %q", "nats-route://"+route)
		}
		line("    ]")
		line("}")
	}
	line("")
	line("system_account: SYS")
	line("accounts {")
	line("    SYS { users: [")
	s.user(&b, System)
	line("    ] }")
	line("    RELAY {")
	line("        jetstream: enabled")
	line("        users: [")
	for _, of := range Clients {
		if of != System {
			s.user(&b, of)
		}
	}
	line("        ]")
	line("    }")
	line("}")
	return b.String()
}

// user writes one of an account's users.
func (s Settings) user(b *strings.Builder, of Identity) {
	may := s.Permissions(of)
	list := func(subjects []string) string {
		quoted := make([]string, len(subjects))
		for i, subject := range subjects {
			quoted[i] = strconv.Quote(subject)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	fmt.Fprintf(b, "        { user: %q, allowed_connection_types: [\"STANDARD\"], permissions: {\n            publish: { allow: %s }\n            subscribe: { allow: %s }\n        } }\n",
		s.URI(of), list(may.Publish), list(may.Subscribe))
}

// Ping is how often servers and clients look whether the other side is there. A load balancer or a
// tunnel that forgets quiet connections forgets none that speaks this often.
const Ping = 20 * time.Second
