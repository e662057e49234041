//! How much the rings of a capture hold, and that no frame is left in them at the end.

use castnet_lab::lab::{LabError, Netlink, PROOF_BOUND, Tap};

use super::{BATCH_BYTES, GROUP, Lab, PLAIN_FRAME, UDP_PORT, datagrams, until};

/// The index of `lo`, in every namespace.
const LOOPBACK: u32 = 1;

pub(super) async fn bursts_from_every_cpu() {
    const FRAMES: usize = 2_000;
    for _ in 0..10 {
        let lab = Lab::single(3).await;
        let cpus = std::thread::available_parallelism().unwrap().get();
        let sockets: Vec<_> = (0..cpus).map(|_| lab.socket_on_any_port(0, 0)).collect();
        // No task runs meanwhile, so the rings must hold every frame.
        std::thread::scope(|scope| {
            for socket in &sockets {
                scope.spawn(|| {
                    for _ in 0..FRAMES / cpus {
                        socket.send_to(b"burst", (GROUP, UDP_PORT)).unwrap();
                    }
                });
            }
        });
        let seen = datagrams(&lab.finish().await, b"burst");
        assert_eq!(seen.len(), FRAMES / cpus * cpus * 3);
    }
}

/// More than the largest ring holds, while no task runs to empty it.
pub(super) async fn overflow_is_an_error() {
    let lab = Lab::single(2).await;
    let sender = lab.socket(0, 0);
    for _ in 0..80_000 {
        sender.send_to(&[0; 1400], (GROUP, UDP_PORT)).unwrap();
    }
    let captured = lab.capture.finish(PROOF_BOUND).await.map(|captured| captured.len());
    let error = captured.unwrap_err();
    assert!(matches!(error, LabError::Dropped { frames: 1.., .. }), "{error}");
}

/// No mark can follow the frame over the link, so the capture must flush the ring.
pub(super) async fn crossed_before_down() {
    for _ in 0..20 {
        let lab = Lab::single(2).await;
        let [sender, receiver] = [0, 1].map(|node| Tap::open(&lab.netns[node]).unwrap());
        sender.send(lab.built.ifindex[0][0], &PLAIN_FRAME).unwrap();
        let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
        until(async || {
            let _nothing_yet = receiver.receive(&mut space, &mut frames);
            !frames.is_empty()
        })
        .await;
        let netlink = Netlink::open(&lab.netns[1]).unwrap();
        netlink.down(lab.built.ifindex[0][1]).await.unwrap();
        let seen: Vec<_> =
            lab.finish().await.iter().map(|one| (one.port, one.frame.outgoing)).collect();
        assert_eq!(seen, [(0, true), (1, false)]);
    }
}

/// The last block cannot be requested without `lo`, and arrives all the same.
pub(super) async fn without_lo() {
    let lab = Lab::single(2).await;
    for netns in &lab.netns {
        Netlink::open(netns).unwrap().down(LOOPBACK).await.unwrap();
    }
    lab.socket(0, 0).send_to(b"last", (GROUP, UDP_PORT)).unwrap();
    assert_eq!(datagrams(&lab.finish().await, b"last"), [(0, 0, true), (0, 1, false)]);
}
