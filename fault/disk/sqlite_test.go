package disk

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"modernc.org/sqlite"

	"bleepstore/fault"
)

// runs is how many disks a test of crashes uses; the environment can ask for
// more.
func runs(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("BLEEPSTORE_DISK_RUNS")
	if text == "" {
		return n
	}
	more, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return more
}

func newDisk(t testing.TB, seed uint64) *Disk {
	t.Helper()
	d, err := New(seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// connect opens a database with one connection at most.
func connect(t testing.TB, path, vfs string, pragmas ...string) *sql.DB {
	t.Helper()
	dsn := "file:" + path + "?_txlock=immediate"
	if vfs != "" {
		dsn += "&vfs=" + vfs
	}
	for _, p := range pragmas {
		dsn += "&_pragma=" + p
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func exclusive(sync string) []string {
	return []string{"locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(" + sync + ")", "wal_autocheckpoint(30)"}
}

func inWAL(sync string) []string {
	return []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "wal_autocheckpoint(30)"}
}

func rollback(sync string) []string {
	return []string{"journal_mode(DELETE)", "synchronous(" + sync + ")"}
}

const schema = `CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, v BLOB);
	CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY, n INTEGER)`

// insert commits a row and the counter, and nothing else.
func insert(db *sql.DB, id, size int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO t VALUES (?, ?, ?)", id, fmt.Sprintf("key-%x", id*7919%100003), make([]byte, size))
	if err == nil {
		_, err = tx.Exec("INSERT INTO total VALUES (1, ?) ON CONFLICT DO UPDATE SET n = excluded.n", id)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// inspect returns the number of the last row, or what is wrong with the
// database. It closes it.
func inspect(db *sql.DB) (n int, damage string) {
	defer db.Close()
	var check string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&check); err != nil {
		return 0, err.Error()
	}
	if check != "ok" {
		return 0, check
	}
	if _, err := db.Exec(schema); err != nil {
		return 0, err.Error()
	}
	var count, total int
	err := db.QueryRow("SELECT count(*), coalesce(max(id), 0), coalesce((SELECT n FROM total), 0) FROM t").Scan(&count, &n, &total)
	if err != nil {
		return 0, err.Error()
	}
	if count != n || total != n {
		return 0, fmt.Sprintf("half a transaction: %d rows, last %d, counter %d", count, n, total)
	}
	return n, ""
}

type outcome struct{ crashes, lost, corrupt, inDoubt int }

// crashes runs disks with two crashes each, the second perhaps in the recovery
// from the first.
func crashes(t *testing.T, disks int, pragmas []string) (o outcome) {
	for seed := range uint64(disks) {
		d := newDisk(t, seed)
		rng := rand.New(rand.NewPCG(seed, 1))
		committed := 0
		for range 2 {
			last := untilCrash(t, d, committed, rng, pragmas)
			o.crashes++
			n, damage := inspect(connect(t, "/test.db", d.VFS(), pragmas...))
			if damage != "" {
				o.corrupt++
				break
			}
			switch {
			case n < last-1:
				o.lost++
			case n == last:
				o.inDoubt++
			case n > last:
				t.Fatalf("seed %d: row %d was never written", seed, n)
			}
			committed = n
		}
	}
	return o
}

// untilCrash inserts rows until the power goes, and returns the first that was
// not acknowledged. The power is on again then.
func untilCrash(t *testing.T, d *Disk, committed int, rng *rand.Rand, pragmas []string) int {
	t.Helper()
	d.CrashIn(1 + rng.IntN(700))
	db := connect(t, "/test.db", d.VFS(), pragmas...)
	next := committed + 1
	_, err := db.Exec(schema)
	for err == nil {
		if err = insert(db, next, rng.IntN(6000)); err == nil {
			next++
		}
	}
	if _, ours := errors.AsType[*sqlite.Error](err); !ours || !d.down {
		t.Fatalf("not a crash: %v", err)
	}
	db.Close() // it fails, of course
	d.PowerOn()
	return next
}

// What SQLite promises of each of its modes holds, and what it does not promise
// is seen to break: this is what shows that the model bites.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		name           string
		pragmas        []string
		loses, damages bool
	}{
		{"exclusive WAL, FULL", exclusive("FULL"), false, false},
		{"exclusive WAL, NORMAL", exclusive("NORMAL"), true, false},
		{"exclusive WAL, OFF", exclusive("OFF"), true, true},
		{"WAL, FULL", inWAL("FULL"), false, false},
		{"WAL, NORMAL", inWAL("NORMAL"), true, false},
		{"rollback, FULL", rollback("FULL"), true, false}, // it does not sync the directory when the journal is gone
		{"rollback, EXTRA", rollback("EXTRA"), false, false},
		{"rollback, OFF", rollback("OFF"), true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := crashes(t, runs(t, 20), c.pragmas)
			t.Logf("%+v", o)
			if o.lost > 0 != c.loses || o.corrupt > 0 != c.damages {
				t.Errorf("%+v: loses %t, damages %t wanted", o, c.loses, c.damages)
			}
		})
	}
}

// A failed sync that forgets is survived by who stops at once, in FULL.
func TestFailedSync(t *testing.T) {
	for seed := range uint64(runs(t, 20)) {
		d := newDisk(t, seed)
		db := connect(t, "/test.db", d.VFS(), exclusive("FULL")...)
		if _, err := db.Exec(schema); err != nil {
			t.Fatal(err)
		}
		next := 1
		for err := error(nil); err == nil; {
			if next > 10 {
				d.Trouble(fault.DiskTrouble{FailSync: 0.1})
			}
			if err = insert(db, next, 3000); err == nil {
				next++
			}
		}
		d.Trouble(fault.DiskTrouble{})
		d.Crash()
		db.Close()
		d.PowerOn()
		n, damage := inspect(connect(t, "/test.db", d.VFS(), exclusive("FULL")...))
		if damage != "" || n < next-1 {
			t.Errorf("seed %d: row %d is the last, %d was acknowledged; %s", seed, n, next-1, damage)
		}
	}
}
