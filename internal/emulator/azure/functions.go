package azure

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"gopkg.in/yaml.v3"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

func functions(kinds []*emulator.Kind) []emulator.Function {
	all := []emulator.Function{
		{Token: "azure-native:authorization:getClientConfig", Call: clientConfig},
		{Token: "azure-native:containerservice:listManagedClusterUserCredentials", Call: userCredentials},
		{Token: "azure-native:containerservice:listManagedClusterAdminCredentials", Call: adminCredentials},
	}
	for token, at := range map[string]place{
		"azure-native:containerservice:getManagedCluster":         clusterPlace,
		"azure-native:network:getVirtualNetwork":                  vnetPlace,
		"azure-native:network:getVirtualNetworkGateway":           gatewayPlace,
		"azure-native:network:getVirtualNetworkGatewayConnection": connectionPlace,
		"azure-native:storage:getStorageAccount":                  storagePlace,
	} {
		all = append(all, emulator.Function{Token: token, Call: getter(kinds, at)})
	}
	return append(all, emulator.Function{Token: "azure-native:resources:getResourceGroup", Call: getGroup})
}

// clientConfig says who deploys. The object id is not the real caller's: it is
// made up, the same for every run in a world.
func clientConfig(c *emulator.Call) (inventory.Props, error) {
	return inventory.Props{
		"clientId":       c.Provider.StrOr("clientId", azureCLI),
		"objectId":       callerID(c),
		"subscriptionId": c.Account().AzureSubscription,
		"tenantId":       c.Account().AzureTenant,
	}, nil
}

// azureCLI is the application that a developer's az login acts as.
const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// callerID is the object id of who deploys.
func callerID(c *emulator.Call) string {
	deployer := &emulator.Call{Tx: c.Tx, Type: cloudName, Name: "deployer"}
	return deployer.UUIDOf("object id")
}

// getter reads a resource as a GET does.
func getter(kinds []*emulator.Kind, at place) func(*emulator.Call) (inventory.Props, error) {
	return func(c *emulator.Call) (inventory.Props, error) {
		id := at.idOf(c, c.In)
		for _, k := range kinds {
			o := c.Tx.Get(k.Type, id)
			if o == nil {
				continue
			}
			read := &emulator.Call{
				Tx: c.Tx, Op: emulator.OpRead, Kind: k, Type: k.Type, URN: o.URN, ID: o.ID,
				In: o.In.Clone(), Out: o.Out.Clone(), Hidden: o.Hidden.Clone(), Provider: c.Provider,
			}
			if k.Refresh != nil {
				if err := k.Refresh(read); err != nil {
					return nil, err
				}
			}
			if k.Type == azuretype.VirtualNetwork {
				if err := everySubnet(read); err != nil {
					return nil, err
				}
			}
			return read.Out.With(inventory.Props{"id": o.ID}), nil
		}
		return nil, missing(c, id)
	}
}

// everySubnet lists all subnets of a VNet with what is in each. The provider
// hides those of a resource of its own; a function shows what ARM returns.
func everySubnet(c *emulator.Call) error {
	subnets := []any{}
	for _, o := range children(c.Tx, azuretype.Subnet, c.ID) {
		read := &emulator.Call{Tx: c.Tx, Op: emulator.OpRead, ID: o.ID, In: o.In, Out: inventory.Props(echoed(o)).Clone()}
		if err := echoIPConfigurations(read); err != nil {
			return err
		}
		subnets = append(subnets, map[string]any(read.Out))
	}
	c.Out.Set("subnets", subnets)
	return nil
}

func missing(c *emulator.Call, id string) error {
	return c.Fault(codeNotFound, "The Resource '%s' under resource group '%s' was not found.", lastOf(id), groupOf(id))
}

func getGroup(c *emulator.Call) (inventory.Props, error) {
	name := c.In.Str("resourceGroupName")
	o := c.Tx.Get(azuretype.ResourceGroup, groupID(c, name))
	if o == nil {
		return nil, c.Fault("ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
	}
	return o.Out.With(inventory.Props{"id": o.ID}), nil
}

func clusterAsked(c *emulator.Call) (*inventory.Object, error) {
	id := clusterPlace.idOf(c, c.In)
	if o := c.Tx.Get(azuretype.ManagedCluster, id); o != nil {
		return o, nil
	}
	return nil, missing(c, id)
}

// userCredentials is the kubeconfig for a caller who logs in as themself where
// the cluster knows Entra, and one with a token of the cluster's own where not.
func userCredentials(c *emulator.Call) (inventory.Props, error) {
	o, err := clusterAsked(c)
	if err != nil {
		return nil, err
	}
	user := localUser(o, "clusterUser")
	if o.In.Has("aadProfile") {
		user = entraUser(o)
	}
	return credentials(o, "clusterUser", user)
}

// adminCredentials are refused where local accounts are off (AKS-38).
func adminCredentials(c *emulator.Call) (inventory.Props, error) {
	o, err := clusterAsked(c)
	if err != nil {
		return nil, err
	}
	if o.In.Bool("disableLocalAccounts") {
		f := c.Fault(codeBad, "Getting static credential is not allowed because this cluster is set to disable local accounts.")
		f.Rule, f.Source = "AKS-38", "azure-aks-docs manage-local-accounts; text as printed in public issue reports"
		return nil, f
	}
	return credentials(o, "clusterAdmin", localUser(o, "clusterAdmin"))
}

// Applications of AKS's Entra integration, the same for every cluster.
const (
	aksServerApp = "6dae42f8-4368-4678-94ff-3960e28e3630"
	aksClientApp = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
)

func entraUser(o *inventory.Object) map[string]any {
	return map[string]any{"exec": map[string]any{
		"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin",
		"args": []string{
			"get-token", "--environment", "AzurePublicCloud", "--server-id", aksServerApp,
			"--client-id", aksClientApp, "--tenant-id", o.Out.Str("aadProfile.tenantID"), "--login", "devicecode",
		},
		"installHint": "kubelogin is not installed. See https://aka.ms/aks/kubelogin", "provideClusterInfo": false,
	}}
}

func localUser(o *inventory.Object, name string) map[string]any {
	sum := sha256.Sum256([]byte(o.Hidden.Str("caSeed") + " token of " + name))
	return map[string]any{"token": hex.EncodeToString(sum[:])}
}

// credentials is the answer with one kubeconfig.
func credentials(o *inventory.Object, kind string, user map[string]any) (inventory.Props, error) {
	ca, err := clusterCA(o)
	if err != nil {
		return nil, fmt.Errorf("make the CA of %s: %w", o.ID, err)
	}
	name := lastOf(o.ID)
	login := kind + "_" + groupOf(o.ID) + "_" + name
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": name, "preferences": map[string]any{},
		"clusters": []any{map[string]any{"name": name, "cluster": map[string]any{
			"certificate-authority-data": base64.StdEncoding.EncodeToString(ca),
			"server":                     "https://" + o.Out.StrOr("privateFQDN", o.Out.Str("fqdn")) + ":443",
		}}},
		"contexts": []any{map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": login}}},
		"users":    []any{map[string]any{"name": login, "user": user}},
	})
	if err != nil {
		return nil, fmt.Errorf("write the kubeconfig of %s: %w", o.ID, err)
	}
	return inventory.Props{"kubeconfigs": []any{map[string]any{
		"name": kind, "value": base64.StdEncoding.EncodeToString(text),
	}}}, nil
}

// clusterCA is the certificate of the cluster's own authority, the same at every
// call: Ed25519 signatures do not depend on chance.
func clusterCA(o *inventory.Object) ([]byte, error) {
	seed := sha256.Sum256([]byte(o.Hidden.Str("caSeed")))
	key := ed25519.NewKeyFromSeed(seed[:])
	from, err := time.Parse(time.RFC3339, epoch)
	if err != nil {
		return nil, fmt.Errorf("parse the epoch: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(seed[:16]), Subject: pkix.Name{CommonName: "ca"},
		NotBefore: from, NotAfter: from.AddDate(30, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
