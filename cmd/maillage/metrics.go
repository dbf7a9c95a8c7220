// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"codeberg.org/maillage/maillage/store"
)

// metrics answers Prometheus: the queues' depth and age, and the process.
func (p *program) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&queues{p: p},
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// queues reads the state of the queues when it is asked for.
type queues struct{ p *program }

var (
	depthMetric = prometheus.NewDesc("maillage_queue_depth", "Rows that wait.", []string{"queue"}, nil)
	ageMetric   = prometheus.NewDesc("maillage_queue_oldest_seconds", "Age of the oldest row that waits.", []string{"queue"}, nil)
)

// Describe implements [prometheus.Collector].
func (q *queues) Describe(ch chan<- *prometheus.Desc) { ch <- depthMetric; ch <- ageMetric }

// Collect implements [prometheus.Collector].
func (q *queues) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := q.p.DB.View(ctx, func(tx *store.Tx) error {
		for name, depth := range map[string]func(context.Context) (int, time.Time, error){
			"received": tx.ReceivedDepth, "deliveries": tx.DeliveryDepth, "mails": tx.MailDepth,
		} {
			n, oldest, err := depth(ctx)
			if err != nil {
				return err
			}
			age := 0.0
			if n > 0 {
				age = q.p.now().Sub(oldest).Seconds()
			}
			ch <- prometheus.MustNewConstMetric(depthMetric, prometheus.GaugeValue, float64(n), name)
			ch <- prometheus.MustNewConstMetric(ageMetric, prometheus.GaugeValue, age, name)
		}
		return nil
	})
	if err != nil {
		q.p.log.ErrorContext(ctx, "metrics", "err", err)
	}
}
