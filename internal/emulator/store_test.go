package emulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"burrow/internal/inventory"
)

const childWorld = "BURROW_TEST_WORLD"

// TestMain lets the test binary stand in for a second process.
func TestMain(m *testing.M) {
	if path := os.Getenv(childWorld); path != "" {
		os.Exit(childProcess(path))
	}
	os.Exit(m.Run())
}

// childProcess puts twenty objects into the world, one transaction each.
func childProcess(path string) int {
	w, err := Open(path, Options{})
	for i := 0; err == nil && i < 20; i++ {
		err = w.Update(func(tx *Tx) error {
			tx.Put(&inventory.Object{Type: boxType, ID: fmt.Sprintf("child-%d-%d", os.Getpid(), i)})
			return nil
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestTwoProcessesShareAWorld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	for range 2 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childWorld+"="+path)
		others.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("other process: %v\n%s", err, out)
			}
		})
	}
	for i := range 20 {
		if err := w.Update(func(tx *Tx) error {
			tx.Put(&inventory.Object{Type: boxType, ID: fmt.Sprintf("mine-%d", i)})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	others.Wait()
	err = w.View(func(tx *Tx) error {
		var serials []uint64
		for _, o := range tx.All(boxType) {
			serials = append(serials, o.Serial)
		}
		if len(serials) != 60 || len(slices.Compact(serials)) != 60 {
			t.Errorf("%d objects with serials %v, want 60 different ones", len(serials), serials)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLockedWorld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w, err := Open(path, Options{LockTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.View(func(*Tx) error { return nil }); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.View(func(*Tx) error { return nil }); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// A file that no world has written is an error, never a panic.
func TestDamagedWorld(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "world.db")
	if _, err := Open(whole, Options{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	zeroed := slices.Concat(data[:2*page], make([]byte, len(data)-2*page))
	for name, content := range map[string][]byte{
		"another file": []byte("garbage\n"), "cut in its header": data[:page/2], "pages lost": zeroed,
	} {
		path := filepath.Join(t.TempDir(), "world.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want ErrDamaged with the path", name, err)
		}
	}
}

// TestDamagedObject: an object that cannot be read is said each time, and never
// taken for one that is not there.
func TestDamagedObject(t *testing.T) {
	w, err := Open(filepath.Join(t.TempDir(), "world.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Update(func(tx *Tx) error {
		tx.Put(&inventory.Object{Type: boxType, ID: "whole"})
		return tx.bolt.Bucket(objectsBucket).Bucket([]byte(boxType)).Put([]byte("torn"), []byte("{"))
	})
	if err != nil {
		t.Fatal(err)
	}
	read := func(tx *Tx) error { tx.All(boxType); return nil }
	for range 2 {
		for name, transact := range map[string]func(func(*Tx) error) error{"view": w.View, "update": w.Update} {
			if err := transact(read); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: error %v, want ErrDamaged", name, err)
			}
		}
	}
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	w := openTestWorld(t)
	cases := map[string]func(tx *Tx) error{
		"an error": func(tx *Tx) error {
			tx.Put(&inventory.Object{Type: boxType, ID: "a"})
			return errors.New("no")
		},
		"an id twice": func(tx *Tx) error {
			tx.Put(&inventory.Object{Type: boxType, ID: "a"})
			tx.Put(&inventory.Object{Type: boxType, ID: "a"})
			return nil
		},
		"what cannot be stored": func(tx *Tx) error {
			tx.Put(&inventory.Object{Type: boxType, ID: "a", Out: inventory.Props{"f": func() {}}})
			return nil
		},
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			if err := w.Update(f); err == nil {
				t.Error("no error")
			}
			if left := objectIDs(t, w); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestWorldKeepsItsSeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	for _, seed := range []string{"first", "second"} {
		w, err := Open(path, Options{Account: Account{Seed: seed}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.View(func(tx *Tx) error {
			if got := tx.Account().Seed; got != "first" {
				t.Errorf("opened with the seed %s it has %s, want the one it was made with", seed, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTx(t *testing.T) {
	const vnet = "/subscriptions/0000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/Net"
	w := openTestWorld(t)
	if err := w.Register(toyCloud()); err != nil {
		t.Fatal(err)
	}
	err := w.Update(func(tx *Tx) error {
		here, there := tx.Within("here"), tx.Within("there")
		here.Put(&inventory.Object{Type: boxType, ID: "box", In: inventory.Props{"name": "n"}})
		there.Put(&inventory.Object{Type: boxType, ID: "box", In: inventory.Props{"name": "n"}})
		here.Put(&inventory.Object{Type: ballType, ID: "ball", In: inventory.Props{"boxId": "box"}})
		tx.Put(&inventory.Object{Type: "arm:net:VNet", ID: vnet, Out: inventory.Props{"name": "Net"}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = w.View(func(tx *Tx) error {
		here, there := tx.Within("here"), tx.Within("there")
		if a, b := here.Get(boxType, "box"), there.Get(boxType, "box"); a == nil || b == nil || a == b {
			t.Errorf("the same id in two regions is %v and %v", a, b)
		}
		if o := tx.Within("elsewhere").Get(boxType, "box"); o != nil {
			t.Errorf("found elsewhere: %v", o)
		}
		if o := here.Get("arm:net:VNet", strings.ToUpper(vnet)); o == nil || o.Cloud != "arm" {
			t.Errorf("ARM id in capitals: %v", o)
		}
		if o := here.Get(boxType, "BOX"); o != nil {
			t.Errorf("found %v under an id in capitals", o)
		}
		if o := here.Find(boxType, "name", "n"); o == nil || o.Region != "here" {
			t.Errorf("by name: %v", o)
		}
		if n := len(tx.All()); n != 4 {
			t.Errorf("%d objects in all, want 4", n)
		}
		if refs := here.ReferencesTo(here.Get(boxType, "box")); len(refs) != 1 || refs[0].From.ID != "ball" || refs[0].Path != "boxId" {
			t.Errorf("references to the box here: %v", refs)
		}
		if refs := there.ReferencesTo(there.Get(boxType, "box")); len(refs) != 0 {
			t.Errorf("references to the box there: %v", refs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccountForProvider(t *testing.T) {
	cases := map[string]struct {
		account Account
		config  inventory.Props
		want    Account
	}{
		"defaults": {Account{}, inventory.Props{}, Account{
			Seed: "burrow", AWSAccount: "123456789012", AzureSubscription: zeroGUID, AzureTenant: zeroGUID,
			CallerARN: "arn:aws:iam::123456789012:role/deployer",
		}},
		"from the provider": {Account{Seed: "s", AzureTenant: "t0"},
			inventory.Props{"allowedAccountIds": []any{"111122223333", "9"}, "subscriptionId": "sub", "tenantId": "ten"},
			Account{
				Seed: "s", AWSAccount: "111122223333", AzureSubscription: "sub", AzureTenant: "ten",
				CallerARN: "arn:aws:iam::111122223333:role/deployer",
			}},
		"another caller": {Account{CallerARN: "arn:aws:iam::1:role/second"}, inventory.Props{}, Account{
			Seed: "burrow", AWSAccount: "123456789012", AzureSubscription: zeroGUID, AzureTenant: zeroGUID,
			CallerARN: "arn:aws:iam::1:role/second",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.account.forProvider(tc.config); fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("got %+v\nwant %+v", got, tc.want)
			}
		})
	}
}
