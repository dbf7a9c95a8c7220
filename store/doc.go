// SPDX-License-Identifier: AGPL-3.0-or-later

// Package store keeps everything that remains: actors, objects, edges,
// accounts and the two queues, in SQLite or PostgreSQL.
//
// All reading happens in [DB.View], all writing in [DB.Update]; there is no
// third way in. A [Tx] is the federation.State that verbs act on, so that a
// verb, the answers it owes and the rows that queue them are committed
// together or not at all.
//
// Both databases have the same tables and, but for a few lines, the same
// statements, written with ? for arguments. Times are microseconds since 1970.
// On SQLite one goroutine owns the one connection that writes and commits many
// small transactions at once; see writer.go. PostgreSQL is the database on
// which several processes serve one instance.
//
// Lists are read page by page: each takes a cursor, empty for the first page,
// and returns the one of the next page, empty after the last. A limit that is
// not positive, or above 100, is 100.
//
// What does not exist is federation.ErrNotFound.
package store
