// Package jobs says what relay is: the settings of a NATS JetStream cluster, the text of its
// configuration, its streams and consumers, who may say what to it, and what is wrong with a choice
// of settings. It is data and plain functions on the standard library alone, for the program that
// puts relay into a cluster, the tool that runs it on a laptop, bunny, and their tests.
//
// # A job's life
//
// A producer publishes a job on jobs.ID, into a work queue: the stream keeps it until it is
// acknowledged. Bunny pulls it, runs it, publishes what came of it on results.ID, and only then
// acknowledges it. So a job runs at least once, and its result is stored once:
//
//   - Streams jobs, results and dead take one message of a subject, and refuse another instead of
//     dropping the first (one message per subject, discard new, discard new per subject). A result that is published
//     again, however much later, is refused while the first is kept. NATS's own duplicate window forgets
//     after a while, and for a work queue when the servers restart: it is made anew from what
//     the stream still holds, and acknowledged jobs it does not hold. The window only
//     spares the second write.
//   - A full stream refuses, too. A queue that dropped its oldest job instead would lose it silently.
//
// # Why the server does not count attempts
//
// Consumer bunny has no max_deliver. With one, a message whose last delivery ends without an answer
// (a worker that was killed) is dropped from the consumer and stays in the work queue for ever:
// neither pending nor delivered again. The server says so once, in an advisory that is an
// ordinary message, and whoever does not listen at that moment, as the worker that was just killed, never
// hears of it (nats-server's hasMaxDeliveries in server/consumer.go; nats-io/nats-server issue 5564
// calls it intended). So bunny counts: a job that comes once more than it may is not run, but
// moved to dead. No message is ever out of reach, and no advisory is needed.
//
// Nor has the consumer a backoff list. It would replace the ack wait by its own steps, and
// a delay that a worker asks for in a refusal is reckoned from the ack wait, so that the two add up to something
// else than either says (processNak and checkPending, same file). Bunny asks for the delay of its
// next attempt, and a worker that is lost is noticed after the ack wait, whichever attempt it was.
package jobs
