// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

var errUnwritten = errors.New("store: not written yet")

// Options say which database to open and for whom.
type Options struct {
	Database  string           // "sqlite:PATH" or "postgres://..."
	Origin    string           // our own origin, such as "https://amap.example"
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: none
	Exclusive bool             // to serve: no second process may serve the same SQLite file
}

// DB is an open database, migrated to the current schema.
type DB struct{}

// Queues that wake their workers.
const (
	QueueReceived   = "received"
	QueueDeliveries = "deliveries"
)

func Open(ctx context.Context, o Options) (*DB, error)                { return nil, errUnwritten }
func (db *DB) Close() error                                           { return errUnwritten }
func (db *DB) Ping(ctx context.Context) error                         { return errUnwritten }
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error   { return errUnwritten }
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error     { return errUnwritten }
func (db *DB) Wake(queue string) <-chan struct{}                      { return nil }
func (db *DB) Maintain(ctx context.Context) error                     { return errUnwritten }
func (db *DB) Retention(ctx context.Context) (removed int, err error) { return 0, errUnwritten }
func (db *DB) Backup(ctx context.Context, path string) error          { return errUnwritten }
func (db *DB) Restore(ctx context.Context, path string) error         { return errUnwritten }

// A Tx sees one consistent state.
type Tx struct{}

var _ federation.State = (*Tx)(nil)

func (tx *Tx) Now() time.Time                                    { return time.Time{} }
func (tx *Tx) Home() string                                      { return "" }
func (tx *Tx) Lock(ctx context.Context, id federation.IRI) error { return errUnwritten }

// actors.go

func (tx *Tx) Actor(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	return nil, errUnwritten
}

// Actors returns those of ids that are known.
func (tx *Tx) Actors(ctx context.Context, ids ...federation.IRI) (map[federation.IRI]*federation.Actor, error) {
	return nil, errUnwritten
}
func (tx *Tx) PutActor(ctx context.Context, a *federation.Actor) error { return errUnwritten }
func (tx *Tx) DropActor(ctx context.Context, id federation.IRI) error  { return errUnwritten }

// ActorByUsername returns one of our own actors.
func (tx *Tx) ActorByUsername(ctx context.Context, name string) (*federation.Actor, error) {
	return nil, errUnwritten
}

// ActorByHandle returns the actor with a proven handle, user@host.
func (tx *Tx) ActorByHandle(ctx context.Context, handle string) (*federation.Actor, error) {
	return nil, errUnwritten
}
func (tx *Tx) ActorByKey(ctx context.Context, keyID federation.IRI) (*federation.Actor, error) {
	return nil, errUnwritten
}

// ActorByFollowers returns the actor whose followers collection id is.
func (tx *Tx) ActorByFollowers(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	return nil, errUnwritten
}

// ActorsByInbox returns the actors with that personal inbox.
func (tx *Tx) ActorsByInbox(ctx context.Context, inbox federation.IRI) ([]*federation.Actor, error) {
	return nil, errUnwritten
}

// LocalActors returns our own actors of these types, of all types if none is given.
func (tx *Tx) LocalActors(ctx context.Context, types ...string) ([]*federation.Actor, error) {
	return nil, errUnwritten
}

// Initiative returns the actor of the setting "initiative".
func (tx *Tx) Initiative(ctx context.Context) (*federation.Actor, error) { return nil, errUnwritten }

// Instance returns the actor of the setting "instance", which signs fetches.
func (tx *Tx) Instance(ctx context.Context) (*federation.Actor, error) { return nil, errUnwritten }

// A PrivateKey signs for one of our actors.
type PrivateKey struct {
	ID        federation.IRI
	Actor     federation.IRI
	Algorithm string // "rsa" or "ed25519"
	Private   string // PKCS #8 in PEM
	Public    string // SubjectPublicKeyInfo in PEM
	Created   time.Time
	Retired   time.Time // zero: in use
}

// SigningKey returns the newest key in use.
func (tx *Tx) SigningKey(ctx context.Context, actor federation.IRI, algorithm string) (keyID federation.IRI, privatePEM string, err error) {
	return "", "", errUnwritten
}

// PutKey stores a key of one of our own actors. The actor's Keys are PutActor's.
func (tx *Tx) PutKey(ctx context.Context, k PrivateKey) error { return errUnwritten }

func (tx *Tx) Suspended(ctx context.Context, id federation.IRI) (bool, error) {
	return false, errUnwritten
}

// A Suspension refuses everything from an actor or a host and its subdomains.
type Suspension struct {
	Target string // a host, or the IRI of an actor
	Reason string
	At     time.Time
}

func (tx *Tx) Suspend(ctx context.Context, target, reason string) error { return errUnwritten }
func (tx *Tx) Unsuspend(ctx context.Context, target string) error       { return errUnwritten }
func (tx *Tx) Suspensions(ctx context.Context) ([]Suspension, error)    { return nil, errUnwritten }

// objects.go

func (tx *Tx) Object(ctx context.Context, id federation.IRI) (*federation.Object, error) {
	return nil, errUnwritten
}

// Objects returns those of ids that are known, tombstones included.
func (tx *Tx) Objects(ctx context.Context, ids ...federation.IRI) (map[federation.IRI]*federation.Object, error) {
	return nil, errUnwritten
}
func (tx *Tx) PutObject(ctx context.Context, o *federation.Object) error { return errUnwritten }

// MayRead reports whether viewer, "" for anyone, may read o.
func (tx *Tx) MayRead(ctx context.Context, viewer federation.IRI, o *federation.Object) (bool, error) {
	return false, errUnwritten
}

// ObjectsBy returns what author wrote, as far as viewer may read it, newest first.
func (tx *Tx) ObjectsBy(ctx context.Context, author, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return nil, "", errUnwritten
}

// ObjectsIn returns what was published to a circuit, newest first.
func (tx *Tx) ObjectsIn(ctx context.Context, audience, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return nil, "", errUnwritten
}

// Recent returns our own public objects that are not replies, newest first.
func (tx *Tx) Recent(ctx context.Context, cursor string, limit int) ([]*federation.Object, string, error) {
	return nil, "", errUnwritten
}

// Replies returns the answers to an object that viewer may read, oldest first.
func (tx *Tx) Replies(ctx context.Context, object, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return nil, "", errUnwritten
}

// Featured returns what an actor put in its featured collection, newest first.
func (tx *Tx) Featured(ctx context.Context, actor federation.IRI) ([]*federation.Object, error) {
	return nil, errUnwritten
}

// CountObjects returns how many public objects of ours there are of a kind; "" counts all.
func (tx *Tx) CountObjects(ctx context.Context, kind string) (int, error) { return 0, errUnwritten }

// Counts are the reactions to an object.
type Counts struct{ Likes, Shares, Replies int }

func (tx *Tx) Counts(ctx context.Context, objects ...federation.IRI) (map[federation.IRI]Counts, error) {
	return nil, errUnwritten
}

// search.go

// A Query finds objects. Its zero value finds every public offer, need, event
// and article, newest first.
type Query struct {
	Kinds     []string // of federation.Index
	Text      string   // every word must occur, or begin a word
	Tag       string
	Category  string
	Mode      string
	Near      *federation.Point
	RadiusKm  float64   // 0: anywhere
	From      time.Time // ends at or after
	Until     time.Time // begins before
	Author    federation.IRI
	LocalOnly bool
	OpenOnly  bool
	Viewer    federation.IRI // sees, besides what is public, what they may read
	Sort      string         // "date" (newest first), "near" or "start"
	Cursor    string
	Limit     int
}

// A Found is an object and its distance from Query.Near, -1 if unknown.
type Found struct {
	Object *federation.Object
	Km     float64
}

func (tx *Tx) Search(ctx context.Context, q Query) (found []Found, next string, err error) {
	return nil, "", errUnwritten
}

// Upcoming returns events that are not over, the next one first.
func (tx *Tx) Upcoming(ctx context.Context, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return nil, "", errUnwritten
}

// feed.go

// A FeedItem is an object and who brought it.
type FeedItem struct {
	Object *federation.Object
	By     federation.IRI // who announced it; empty if its author published it
	At     time.Time
}

// Feed returns what those whom actor follows published or announced, what is
// addressed to actor and what actor wrote, newest first. Replies to strangers
// are left out.
func (tx *Tx) Feed(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]FeedItem, string, error) {
	return nil, "", errUnwritten
}

// activities.go

// A Spoken is an activity that was applied.
type Spoken struct {
	Seq       int64
	ID        federation.IRI
	Type      string
	Actor     federation.IRI
	Object    federation.IRI
	Published time.Time
	Public    bool
	Local     bool
	Document  []byte // empty for a peer's Create and Update: the object has its own
}

func (tx *Tx) LogActivity(ctx context.Context, a *federation.Activity) error { return errUnwritten }
func (tx *Tx) Activity(ctx context.Context, id federation.IRI) (*Spoken, error) {
	return nil, errUnwritten
}

// Outbox returns the activities of one of our actors that viewer may read, newest first.
func (tx *Tx) Outbox(ctx context.Context, actor, viewer federation.IRI, cursor string, limit int) ([]Spoken, string, error) {
	return nil, "", errUnwritten
}

// OutboxCount counts the public ones.
func (tx *Tx) OutboxCount(ctx context.Context, actor federation.IRI) (int, error) {
	return 0, errUnwritten
}

// ActivitiesFor returns what one of our actors received: what names it, and
// the public activities of those it follows, newest first.
func (tx *Tx) ActivitiesFor(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]Spoken, string, error) {
	return nil, "", errUnwritten
}

// edges.go

func (tx *Tx) Edge(ctx context.Context, kind string, from, to federation.IRI) (*federation.Edge, error) {
	return nil, errUnwritten
}
func (tx *Tx) EdgeBy(ctx context.Context, by federation.IRI) (*federation.Edge, error) {
	return nil, errUnwritten
}
func (tx *Tx) PutEdge(ctx context.Context, e *federation.Edge) error { return errUnwritten }
func (tx *Tx) DropEdge(ctx context.Context, kind string, from, to federation.IRI) error {
	return errUnwritten
}
func (tx *Tx) LocalFollowers(ctx context.Context, id federation.IRI) ([]federation.IRI, error) {
	return nil, errUnwritten
}

// Followed reports whether one of our actors follows id.
func (tx *Tx) Followed(ctx context.Context, id federation.IRI) (bool, error) {
	return false, errUnwritten
}

// Followers returns the accepted followers, newest first.
func (tx *Tx) Followers(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]*federation.Edge, string, error) {
	return nil, "", errUnwritten
}
func (tx *Tx) Following(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]*federation.Edge, string, error) {
	return nil, "", errUnwritten
}

// EdgesTo returns edges of a kind that point to something, pending ones only or accepted ones only.
func (tx *Tx) EdgesTo(ctx context.Context, kind string, to federation.IRI, pending bool, cursor string, limit int) ([]*federation.Edge, string, error) {
	return nil, "", errUnwritten
}
func (tx *Tx) EdgesFrom(ctx context.Context, kind string, from federation.IRI, pending bool, cursor string, limit int) ([]*federation.Edge, string, error) {
	return nil, "", errUnwritten
}

// CountTo and CountFrom count accepted edges.
func (tx *Tx) CountTo(ctx context.Context, kind string, to federation.IRI) (int, error) {
	return 0, errUnwritten
}
func (tx *Tx) CountFrom(ctx context.Context, kind string, from federation.IRI) (int, error) {
	return 0, errUnwritten
}

// notices.go

func (tx *Tx) Notify(ctx context.Context, n federation.Notice) error { return errUnwritten }

// A Noticed is a notice as its page shows it.
type Noticed struct {
	federation.Notice
	Read bool
}

func (tx *Tx) Notices(ctx context.Context, owner federation.IRI, cursor string, limit int) ([]Noticed, string, error) {
	return nil, "", errUnwritten
}
func (tx *Tx) UnreadNotices(ctx context.Context, owner federation.IRI) (int, error) {
	return 0, errUnwritten
}

// ReadNotices marks those up to a time as read.
func (tx *Tx) ReadNotices(ctx context.Context, owner federation.IRI, until time.Time) error {
	return errUnwritten
}

// accounts.go

// Roles of an account, from most to least.
const (
	RoleAdmin     = "admin"
	RoleEditor    = "editor"
	RoleModerator = "moderator"
	RoleMember    = "member"
)

// An Account is a login here.
type Account struct {
	ID        int64
	Name      string
	Email     string
	Role      string
	Password  string // a hash; empty: signs in by link
	Person    federation.IRI
	Locale    string
	Suspended bool
	Created   time.Time
}

// AddAccount stores a new account and sets its ID and Created;
// federation.ErrConflict if name or address is taken.
func (tx *Tx) AddAccount(ctx context.Context, a *Account) error { return errUnwritten }

// UpdateAccount stores everything but name, password and person. Suspending
// an account ends its sessions and tokens.
func (tx *Tx) UpdateAccount(ctx context.Context, a *Account) error     { return errUnwritten }
func (tx *Tx) Account(ctx context.Context, id int64) (*Account, error) { return nil, errUnwritten }
func (tx *Tx) AccountByName(ctx context.Context, name string) (*Account, error) {
	return nil, errUnwritten
}
func (tx *Tx) AccountByEmail(ctx context.Context, email string) (*Account, error) {
	return nil, errUnwritten
}
func (tx *Tx) AccountByPerson(ctx context.Context, person federation.IRI) (*Account, error) {
	return nil, errUnwritten
}
func (tx *Tx) Accounts(ctx context.Context) ([]*Account, error) { return nil, errUnwritten }

// SetPassword stores a password's hash and ends every session, token and sign-in link.
func (tx *Tx) SetPassword(ctx context.Context, account int64, hash string) error { return errUnwritten }

// Grant lets an account speak for one of our actors.
func (tx *Tx) Grant(ctx context.Context, account int64, actor federation.IRI) error {
	return errUnwritten
}
func (tx *Tx) Revoke(ctx context.Context, account int64, actor federation.IRI) error {
	return errUnwritten
}

// Speaks returns the actors an account may speak for, its person first:
// administrators and editors speak for the initiative and the circuits.
func (tx *Tx) Speaks(ctx context.Context, a *Account) ([]*federation.Actor, error) {
	return nil, errUnwritten
}

// MaySpeak reports whether an account may speak for actor.
func (tx *Tx) MaySpeak(ctx context.Context, a *Account, actor federation.IRI) (bool, error) {
	return false, errUnwritten
}

// NewSession returns a fresh secret that stands for the account.
func (tx *Tx) NewSession(ctx context.Context, account int64, lifetime time.Duration, userAgent string) (secret string, err error) {
	return "", errUnwritten
}

// Session returns the account of a session that lasts. ErrNotFound: none.
func (tx *Tx) Session(ctx context.Context, secret string) (*Account, error) { return nil, errUnwritten }
func (tx *Tx) TouchSession(ctx context.Context, secret string) error        { return errUnwritten }
func (tx *Tx) EndSession(ctx context.Context, secret string) error          { return errUnwritten }
func (tx *Tx) EndSessions(ctx context.Context, account int64) error         { return errUnwritten }

// NewSignIn returns the secret of a link that signs in once.
func (tx *Tx) NewSignIn(ctx context.Context, account int64, lifetime time.Duration) (secret string, err error) {
	return "", errUnwritten
}
func (tx *Tx) UseSignIn(ctx context.Context, secret string) (*Account, error) {
	return nil, errUnwritten
}

// NewToken returns a bearer token to speak for actor.
func (tx *Tx) NewToken(ctx context.Context, account int64, actor federation.IRI) (secret string, err error) {
	return "", errUnwritten
}
func (tx *Tx) Token(ctx context.Context, secret string) (*Account, federation.IRI, error) {
	return nil, "", errUnwritten
}
func (tx *Tx) DropToken(ctx context.Context, secret string) error { return errUnwritten }

func (tx *Tx) Setting(ctx context.Context, key string) (string, error) { return "", errUnwritten }
func (tx *Tx) Settings(ctx context.Context) (map[string]string, error) { return nil, errUnwritten }
func (tx *Tx) PutSetting(ctx context.Context, key, value string) error { return errUnwritten }

// A Media is a picture that we serve.
type Media struct {
	ID        string // made by PutMedia if empty
	Account   int64
	MediaType string
	Width     int
	Height    int
	Blurhash  string
	Alt       string
	Created   time.Time
	Bytes     []byte
	Thumb     []byte
}

func (tx *Tx) PutMedia(ctx context.Context, m *Media) error         { return errUnwritten }
func (tx *Tx) Media(ctx context.Context, id string) (*Media, error) { return nil, errUnwritten }
func (tx *Tx) DropMedia(ctx context.Context, id string) error       { return errUnwritten }

// received.go

// A Received is an activity that came in and waits to be applied.
type Received struct {
	ID        int64
	Activity  federation.IRI
	Actor     federation.IRI
	Type      string
	Recipient federation.IRI // whose personal inbox; empty for the shared one
	Lane      int64          // those of one actor and lane are applied in order
	Document  []byte
	At        time.Time
	Due       time.Time
	Attempts  int
	State     string // pending, refused or failed
	Reason    string
}

func (tx *Tx) File(ctx context.Context, r *Received) error { return errUnwritten }
func (tx *Tx) ClaimReceived(ctx context.Context, owner string, lease time.Duration, limit int) ([]*Received, error) {
	return nil, errUnwritten
}
func (tx *Tx) DoneReceived(ctx context.Context, ids ...int64) error              { return errUnwritten }
func (tx *Tx) RefuseReceived(ctx context.Context, id int64, reason string) error { return errUnwritten }
func (tx *Tx) RetryReceived(ctx context.Context, id int64, at time.Time, reason string) error {
	return errUnwritten
}
func (tx *Tx) FailReceived(ctx context.Context, id int64, reason string) error { return errUnwritten }

// ReleaseReceived gives back what owner claimed and did not finish.
func (tx *Tx) ReleaseReceived(ctx context.Context, owner string) error { return errUnwritten }
func (tx *Tx) ReceivedDepth(ctx context.Context) (pending int, oldest time.Time, err error) {
	return 0, time.Time{}, errUnwritten
}

// ReceivedDue returns when the next row can be claimed; zero if there is none.
func (tx *Tx) ReceivedDue(ctx context.Context) (time.Time, error) { return time.Time{}, errUnwritten }

// ReceivedIn returns rows of a state, without their documents, newest first.
func (tx *Tx) ReceivedIn(ctx context.Context, state string, cursor string, limit int) ([]*Received, string, error) {
	return nil, "", errUnwritten
}

// deliveries.go

// A Delivery is an activity on its way to one inbox.
type Delivery struct {
	ID       int64
	Activity federation.IRI
	Sender   federation.IRI
	Inbox    federation.IRI
	Host     string
	Lane     int64  // hash of the object's id
	Document []byte // only when claimed
	Attempts int
	State    string // pending, delivered, failed, gone or superseded
	Status   int    // the last HTTP status
	Error    string
	Created  time.Time
	Due      time.Time
	Done     time.Time
}

// HostWork is what is to be delivered to one host.
type HostWork struct {
	Host       string
	Failures   int       // in a row
	Since      time.Time // of the first of those
	Deliveries []*Delivery
}

// Outcome of an attempt to deliver.
type Outcome string

// Delivered is done, Retry is to be tried again at Due; the others are final.
const (
	Delivered Outcome = "delivered"
	Retry     Outcome = "retry"
	Failed    Outcome = "failed"
	Gone      Outcome = "gone"
)

// A DeliveryResult says what came of a delivery.
type DeliveryResult struct {
	ID      int64
	Outcome Outcome
	Due     time.Time // of a Retry
	Status  int
	Error   string
}

func (tx *Tx) Enqueue(ctx context.Context, a *federation.Activity, lane int64, addressees []federation.IRI, extraInboxes ...federation.IRI) (int, error) {
	return 0, errUnwritten
}

// Inboxes returns where Enqueue would deliver to: for a Delete of an actor, to
// be asked before its edges are gone.
func (tx *Tx) Inboxes(ctx context.Context, sender federation.IRI, addressees []federation.IRI) ([]federation.IRI, error) {
	return nil, errUnwritten
}
func (tx *Tx) ClaimHosts(ctx context.Context, owner string, lease time.Duration, hosts, each int) ([]*HostWork, error) {
	return nil, errUnwritten
}

// FinishHost stores what came of a claim and gives the host back. next is when
// to try it again: zero, as soon as there is work.
func (tx *Tx) FinishHost(ctx context.Context, owner, host string, results []DeliveryResult, next time.Time) error {
	return errUnwritten
}

// RenewHost prolongs a lease; federation.ErrConflict if another owner has it.
func (tx *Tx) RenewHost(ctx context.Context, owner, host string, lease time.Duration) error {
	return errUnwritten
}

// ReleaseHosts gives back every host that owner claimed.
func (tx *Tx) ReleaseHosts(ctx context.Context, owner string) error { return errUnwritten }

// ReviveHost notes that a host is alive: its back-off ends.
func (tx *Tx) ReviveHost(ctx context.Context, host string) error { return errUnwritten }

// RetryHost tries everything for a host again, what failed included.
func (tx *Tx) RetryHost(ctx context.Context, host string) error { return errUnwritten }

// NextDue returns when the next host can be claimed; zero if there is no work.
func (tx *Tx) NextDue(ctx context.Context) (time.Time, error) { return time.Time{}, errUnwritten }

// A Host is a server we deliver to.
type Host struct {
	Name         string
	State        string // ok, failing, or dormant after 7 days of failures
	Failures     int
	FirstFailure time.Time
	LastSuccess  time.Time
	LastError    string
	Due          time.Time
	Pending      int
}

// Hosts returns the hosts, those in trouble first.
func (tx *Tx) Hosts(ctx context.Context) ([]Host, error) { return nil, errUnwritten }

// DeliveriesOf returns who received an activity, or the activities about an object.
func (tx *Tx) DeliveriesOf(ctx context.Context, id federation.IRI) ([]*Delivery, error) {
	return nil, errUnwritten
}

// DeliveryDepth returns how many deliveries are pending and since when the oldest is.
func (tx *Tx) DeliveryDepth(ctx context.Context) (pending int, oldest time.Time, err error) {
	return 0, time.Time{}, errUnwritten
}
