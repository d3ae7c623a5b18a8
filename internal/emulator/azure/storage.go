package azure

import (
	"fmt"
	"regexp"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

var (
	workspacePlace = place{
		provider: "Microsoft.OperationalInsights", location: pinned, outputs: hasState | hasSystem,
		path: []segment{{"workspaces", "workspaceName"}},
		names: naming{
			rule: "LOG-20", code: codeParameter, min: 4, max: 63, source: sourceNames,
			pattern: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]$`),
			words:   "letters, digits and hyphens, beginning and ending with a letter or digit",
		},
	}
	storagePlace = place{
		provider: "Microsoft.Storage", location: listed, outputs: hasState,
		path: []segment{{"storageAccounts", "accountName"}},
		names: naming{
			rule: "NAM-04", code: "AccountNameInvalid", min: 3, max: 24, source: sourceNames + " (code from memory)",
			pattern: regexp.MustCompile(`^[a-z0-9]+$`), words: "lower-case letters and digits",
		},
	}
	blobsPlace = place{
		provider: "Microsoft.Storage", parent: azuretype.StorageAccount,
		path: []segment{{"storageAccounts", "accountName"}, {"blobServices", "blobServicesName"}},
	}
	lifecyclePlace = place{
		provider: "Microsoft.Storage", parent: azuretype.StorageAccount,
		path: []segment{{"storageAccounts", "accountName"}, {"managementPolicies", "managementPolicyName"}},
	}
)

func storageKinds() []*emulator.Kind {
	return []*emulator.Kind{
		workspacePlace.kind(azuretype.Workspace, emulator.Kind{Rules: workspaceRules(), Fill: fillWorkspace}),
		storagePlace.kind(azuretype.StorageAccount, emulator.Kind{
			Unique: []emulator.Unique{{
				Fields: []string{"@global", "accountName"}, Fold: true, Code: "StorageAccountAlreadyTaken",
				Rule: "NAM-04", Source: sourceNames + " (code from memory)",
			}},
			Replace: []emulator.Replace{{Path: "isHnsEnabled", Source: sourceForceNew}},
			Rules:   storageRules(), Fill: fillStorage,
		}),
		blobsPlace.kind(azuretype.BlobServiceProperties, emulator.Kind{
			Rules: []emulator.Rule{onlyDefault("blobServicesName")},
			Fill: func(c *emulator.Call) error {
				if account := c.Tx.Get(azuretype.StorageAccount, parentOf(identify(c))); account != nil {
					c.Out.Set("sku", account.Out.Map("sku"))
				}
				return nil
			},
		}),
		lifecyclePlace.kind(azuretype.ManagementPolicy, emulator.Kind{
			Rules: []emulator.Rule{onlyDefault("managementPolicyName")},
			Fill: func(c *emulator.Call) error {
				c.Out.Set("lastModifiedTime", epoch)
				return nil
			},
		}),
	}
}

// onlyDefault is for resources of which an account has one, named default.
func onlyDefault(property string) emulator.Rule {
	return rule("ARM-05", "InvalidResourceName", emulator.OpCreate,
		"azure-rest-api-specs Microsoft.Storage 2022-09-01: enum of the path parameter"+unverified,
		func(c *emulator.Call) string {
			if name := lastOf(identify(c)); name != "default" {
				return fmt.Sprintf("%s is %s; it must be default.", property, name)
			}
			return ""
		})
}

// retentions in days of the workspace SKUs that differ from the others.
const (
	minRetention = 30
	maxRetention = 730
	freeDays     = 7
)

func workspaceRules() []emulator.Rule {
	return []emulator.Rule{
		rule("LOG-20", codeParameter, emulator.OpWrite, sourceNames+"; azure-docs (from memory)", func(c *emulator.Call) string {
			days, free := c.In.Num("retentionInDays"), c.In.Str("sku.name") == "Free"
			if !c.In.Has("retentionInDays") || free && days == freeDays ||
				!free && days >= minRetention && days <= maxRetention {
				return ""
			}
			return fmt.Sprintf("RetentionInDays is %.0f; it must be %d to %d, or %d for SKU Free.",
				days, minRetention, maxRetention, freeDays)
		}),
	}
}

func fillWorkspace(c *emulator.Call) error {
	sku := c.In.StrOr("sku.name", "PerGB2018")
	days := c.In.Num("retentionInDays")
	if !c.In.Has("retentionInDays") {
		days = minRetention
	}
	c.Out.Set("customerId", c.UUIDOf("customerId"))
	c.Out.Set("createdDate", epoch)
	c.Out.Set("modifiedDate", epoch)
	c.Out.Set("etag", fmt.Sprintf("%q", c.UUIDOf("etag")))
	c.Out.Set("sku", map[string]any(c.In.Map("sku").With(inventory.Props{"name": sku, "lastSkuUpdate": epoch})))
	c.Out.Set("retentionInDays", days)
	c.Out.Default("publicNetworkAccessForIngestion", "Enabled")
	c.Out.Default("publicNetworkAccessForQuery", "Enabled")
	c.Out.Default("features.enableLogAccessUsingOnlyResourcePermissions", true)
	c.Out.Default("workspaceCapping.dailyQuotaGb", -1)
	c.Out.Set("workspaceCapping.dataIngestionStatus", "RespectQuota")
	c.Out.Set("workspaceCapping.quotaNextResetTime", "2026-01-02T00:00:00Z")
	return nil
}

func storageRules() []emulator.Rule {
	return []emulator.Rule{
		rule("TAG-03", "InvalidTagNameCharacters", emulator.OpWrite, sourceTagLimits+unverified, func(c *emulator.Call) string {
			return tagsBroken(c, maxTags, 128)
		}),
		rule("ARM-06", "AccountPropertyCannotBeUpdated", emulator.OpUpdate, sourceARM, func(c *emulator.Call) string {
			if c.Changed("encryption.requireInfrastructureEncryption") || c.Changed("enableNfsV3") {
				return "The properties requireInfrastructureEncryption and enableNfsV3 of an account are set when it is created."
			}
			return ""
		}),
	}
}

// skuTier is Standard or Premium.
func skuTier(name string) string {
	tier, _, _ := strings.Cut(name, "_")
	return tier
}

func fillStorage(c *emulator.Call) error {
	name := lastOf(identify(c))
	endpoints := map[string]any{}
	for _, service := range []string{"blob", "dfs", "file", "queue", "table"} {
		endpoints[service] = fmt.Sprintf("https://%s.%s.core.windows.net/", name, service)
	}
	endpoints["web"] = fmt.Sprintf("https://%s.z33.web.core.windows.net/", name)
	c.Out.Set("primaryEndpoints", endpoints)
	c.Out.Set("primaryLocation", location(c))
	c.Out.Set("statusOfPrimary", "available")
	c.Out.Set("creationTime", epoch)
	c.Out.Set("keyCreationTime", map[string]any{"key1": epoch, "key2": epoch})
	c.Out.Set("sku.tier", skuTier(c.In.Str("sku.name")))
	c.Out.Default("accessTier", "Hot")
	c.Out.Default("enableHttpsTrafficOnly", true)
	c.Out.Default("minimumTlsVersion", "TLS1_0")
	c.Out.Default("allowBlobPublicAccess", false)
	c.Out.Default("networkRuleSet.bypass", "AzureServices")
	c.Out.Default("networkRuleSet.defaultAction", "Allow")
	c.Out.Default("networkRuleSet.ipRules", []any{})
	c.Out.Default("networkRuleSet.virtualNetworkRules", []any{})
	c.Out.Default("privateEndpointConnections", []any{})
	fillEncryption(c)
	return nil
}

func fillEncryption(c *emulator.Call) {
	c.Out.Default("encryption.keySource", "Microsoft.Storage")
	for _, service := range []string{"blob", "file"} {
		path := "encryption.services." + service
		c.Out.Default(path+".enabled", true)
		c.Out.Default(path+".keyType", "Account")
		c.Out.Set(path+".lastEnabledTime", epoch)
	}
}
