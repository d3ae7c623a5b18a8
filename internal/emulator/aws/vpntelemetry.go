package aws

import (
	"burrow/internal/emulator"
	"burrow/internal/reach"
)

// telemetry is what AWS tells of a tunnel.
func telemetry(c *emulator.Call, tunnel, status, message string, routes int) map[string]any {
	return map[string]any{
		"outsideIpAddress": c.Out.Str(tunnel + "Address"), "status": status, "statusMessage": message,
		"acceptedRouteCount": float64(routes), "certificateArn": "", "lastStatusChange": moment(c, tunnel+status),
	}
}

// quiet is the telemetry of tunnels that have just been made.
func quiet(c *emulator.Call) []any {
	return []any{telemetry(c, tunnels[0], "DOWN", "IPSEC IS DOWN", 0), telemetry(c, tunnels[1], "DOWN", "IPSEC IS DOWN", 0)}
}

// refreshConnection shows telemetry that has moved on since the last write, as
// every real refresh does: an output that changes although nobody changed
// anything. The state is worked out from both clouds' objects. Where routing is
// static, a tunnel is up as soon as IPsec is, and counts the routes written down.
func refreshConnection(c *emulator.Call) error {
	list := quiet(c)
	for _, t := range reach.Tunnels(c.Tx.View) {
		i := t.Number - 1
		switch {
		case t.VPNConnection != c.ID:
		case t.Established() && t.Static:
			list[i] = telemetry(c, tunnels[i], "UP", "IPSEC IS UP", len(staticRoutes(c)))
		case t.Established():
			list[i] = telemetry(c, tunnels[i], "UP", "1 BGP ROUTES", 1)
		case t.IPsec.Up():
			list[i] = telemetry(c, tunnels[i], "DOWN", "IPSEC IS UP", 0)
		}
	}
	c.Out.Set("vgwTelemetries", list)
	routes := []any{}
	for _, o := range staticRoutes(c) {
		routes = append(routes, map[string]any{
			"destinationCidrBlock": o.Value("destinationCidrBlock"), "source": "Static", "state": "available",
		})
	}
	c.Out.Set("routes", routes)
	return nil
}
