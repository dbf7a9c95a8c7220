// SPDX-License-Identifier: AGPL-3.0-or-later

// Package federation says what federates and what it means.
//
// Its nouns are [Actor] and [Object], its sentences are [Activity], and its
// grammar says which verbs and nouns we understand. An activity changes the
// world only through [Apply], whether one of our own actors or a peer speaks
// it. What it changes is an object, or an [Edge] between two things.
//
// The order is always the same: a document is decoded (federation/vocab), its
// sender proven (federation/signature), what it [Needs] is fetched
// (federation/remote), and then Apply runs inside one transaction against a
// [State], which the store's transaction satisfies and a map satisfies in
// tests. Apply answers with the activities that our own actors owe in return.
//
// The package is pure: it does no I/O, starts no goroutine and imports the
// standard library only. It never reads a clock, a request or a database.
package federation
