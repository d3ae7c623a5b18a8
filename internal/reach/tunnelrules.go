package reach

import (
	"fmt"
	"slices"
	"strings"

	"burrow/internal/inventory"
)

// ipsecRules keep IPsec down when one is broken (invariants 8, 9 and 11).
var ipsecRules = []tunnelRule{
	{"AVC-08", (*ends).notIPsec, azureEnd},
	{"XV-07", (*ends).keysDiffer, bothEnds},
	{"AWV-19", (*ends).versionsDiffer, bothEnds},
	{"XV-01", (*ends).phase1Differs, bothEnds},
	{"XV-04", (*ends).phase2Differs, bothEnds},
	{"AVC-24", (*ends).selectorsDiffer, bothEnds},
	{"XV-10", (*ends).nobodyStarts, bothEnds},
}

// bgpRules keep BGP down when one is broken (invariants 3 to 7 and 10).
var bgpRules = []tunnelRule{
	{"AVG-25", (*ends).bgpDisabled, speakers},
	{"AVC-06", (*ends).wrongPeerAddress, peers},
	{"AVC-26", (*ends).wrongOwnAddress, speakers},
	{"AVG-27", (*ends).awsASNDiffers, awsASN},
	{"AWV-01", (*ends).azureASNDiffers, azureASN},
	{"AVG-28", (*ends).sameASN, gatewaysOf},
}

// notIPsec, and the other methods that rules name, say what is wrong, or "".
func (e *ends) notIPsec() string {
	if t := e.conn.In.Str("connectionType"); t != "IPsec" {
		return fmt.Sprintf("the Azure connection is of type %s", t)
	}
	return ""
}

func (e *ends) keysDiffer() string {
	if e.keysUnknown() {
		return ""
	}
	azure, _ := e.conn.Effective("sharedKey")
	if aws := e.option("PresharedKey"); aws == "" || azure != any(aws) {
		return "the pre-shared keys differ (Azure keeps the first key of a connection: AVC-12)"
	}
	return ""
}

// keysUnknown reports whether a key is not in what was looked at, as it is in an export
// whose secrets are encrypted.
func (e *ends) keysUnknown() bool {
	azure, _ := e.conn.Effective("sharedKey")
	aws, _ := e.vpn.Effective(fmt.Sprintf("tunnel%dPresharedKey", e.number))
	return inventory.HasUnknown(azure) || inventory.HasUnknown(aws)
}

func (e *ends) versionsDiffer() string {
	versions := effectiveStrings(e.vpn, fmt.Sprintf("tunnel%dIkeVersions", e.number))
	azure := "ikev2"
	if e.conn.Value("connectionProtocol") == "IKEv1" {
		azure = "ikev1"
	}
	if len(versions) > 0 && !slices.Contains(versions, azure) {
		return fmt.Sprintf("AWS takes %v, Azure %s", versions, azure)
	}
	return ""
}

func (e *ends) phase1Differs() string { return e.phaseDiffers(1) }

func (e *ends) phase2Differs() string { return e.phaseDiffers(2) }

func (e *ends) phaseDiffers(phase int) string {
	why := mismatch(awsSuite(e.vpn, e.number, phase), azureSuite(e.conn, phase), phase)
	if why == "" {
		return ""
	}
	if phase == 2 && strings.HasPrefix(why, groupWord) {
		why += "; what is set up goes on until the first rekey, an hour at most"
	}
	return fmt.Sprintf("no phase %d proposal in common, %s", phase, why)
}

// selectorsDiffer: AWS wants 0.0.0.0/0 both ways, as Azure's route-based gateways
// do unless told otherwise (AVC-24, AWV-24).
func (e *ends) selectorsDiffer() string {
	if e.conn.Props().Bool("usePolicyBasedTrafficSelectors") {
		return "Azure uses policy-based traffic selectors, AWS takes 0.0.0.0/0 only"
	}
	for _, side := range []string{"local", "remote"} {
		if cidr := e.vpn.Value(side + "Ipv4NetworkCidr"); cidr != "" && cidr != "0.0.0.0/0" {
			return fmt.Sprintf("AWS narrows its %s traffic selector to %s", side, cidr)
		}
	}
	return ""
}

func (e *ends) nobodyStarts() string {
	if e.option("StartupAction") != "start" && e.conn.Value("connectionMode") == "ResponderOnly" {
		return "both ends wait for the other to start"
	}
	return ""
}

func (e *ends) static() bool { return e.vpn.Props().Bool("staticRoutesOnly") }

func (e *ends) azureSpeaksBGP() bool { return e.conn.Props().Bool("enableBgp") }

func (e *ends) bgpDisabled() string {
	switch {
	case e.static():
		return "the AWS VPN connection has static routes only, and the Azure connection expects BGP"
	case !e.vng.Props().Bool("enableBgp"):
		return "the Azure gateway has BGP off"
	case !e.azureSpeaksBGP():
		return "the Azure connection has BGP off, and AWS expects it"
	}
	return ""
}

func (e *ends) wrongPeerAddress() string {
	_, want, _ := e.inside()
	if got := e.lng.Props().Str("bgpSettings.bgpPeeringAddress"); address(got) != want {
		return fmt.Sprintf("Azure's BGP peer is %q, AWS's inside address is %s", got, want)
	}
	return ""
}

// wrongOwnAddress checks the address that Azure speaks BGP from.
func (e *ends) wrongOwnAddress() string {
	_, _, want := e.inside()
	got := e.azureBGPAddress()
	switch {
	case address(got) != want:
		return fmt.Sprintf("Azure speaks BGP from %q, AWS expects %s", got, want)
	case !slices.Contains(e.customAddresses(), got):
		return fmt.Sprintf("%s is no custom BGP address of the Azure gateway's %s", got, e.ipConfig.Str("name"))
	}
	return ""
}

// azureBGPAddress is what Azure chooses: the connection's own choice for the
// instance (AVC-25, AVC-27), else the first custom address of the instance
// (AVC-26), but the default address for a peer that is not link-local (AVC-29).
func (e *ends) azureBGPAddress() string {
	for _, choice := range e.conn.Props().Maps("gatewayCustomBgpIpAddresses") {
		if e.isInstance(choice.Str("ipConfigurationId")) {
			return choice.Str("customBgpIpAddress")
		}
	}
	peer := address(e.lng.Props().Str("bgpSettings.bgpPeeringAddress"))
	if own := e.customAddresses(); peer.IsLinkLocalUnicast() && len(own) > 0 {
		return own[0]
	}
	return e.defaultAddress()
}

func (e *ends) customAddresses() []string {
	return e.peering().Strings("customBgpIpAddresses")
}

func (e *ends) defaultAddress() string {
	if own := e.peering().Strings("defaultBgpIpAddresses"); len(own) > 0 {
		return own[0]
	}
	return ""
}

// peering are the BGP settings of the gateway instance.
func (e *ends) peering() inventory.Props {
	for _, p := range e.vng.Props().Maps("bgpSettings.bgpPeeringAddresses") {
		if e.isInstance(p.Str("ipconfigurationId")) {
			return p
		}
	}
	return nil
}

// isInstance compares the id of an IP configuration with the tunnel's.
func (e *ends) isInstance(id string) bool {
	return inventory.SameID(id, e.vng.ID+"/ipConfigurations/"+e.ipConfig.Str("name"))
}

func (e *ends) awsASNDiffers() string {
	aws, told := asn(e.gateway, "amazonSideAsn"), asn(e.lng, "bgpSettings.asn")
	if aws != told {
		return fmt.Sprintf("AWS is ASN %d, Azure expects %d", aws, told)
	}
	return ""
}

func (e *ends) azureASNDiffers() string {
	azure, told := asn(e.vng, "bgpSettings.asn"), asn(e.cgw, "bgpAsn")
	if told == 0 {
		told = asn(e.cgw, "bgpAsnExtended")
	}
	if azure != told {
		return fmt.Sprintf("Azure is ASN %d, AWS expects %d", azure, told)
	}
	return ""
}

func (e *ends) sameASN() string {
	if a := asn(e.gateway, "amazonSideAsn"); a == asn(e.vng, "bgpSettings.asn") {
		return fmt.Sprintf("both ends are ASN %d", a)
	}
	return ""
}
