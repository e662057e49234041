//! castnetd as another user, which may read less than who started it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use libtest_mimic::Failed;

use crate::rig::{beside, config};
use crate::serving::Castnetd;
use crate::{TWO, connected, lan};

const NOBODY: &str = "65534:65534";

/// It serves, an interface that comes later too, and reloads its file. A file that the user may not
/// read is a warning at the start, and the old configuration stays in force after SIGHUP.
pub(crate) async fn user() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let folder = std::env::temp_dir().join(format!("castnetd-user-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
    let path = folder.join("castnetd.toml");
    fs::write(&path, TWO)?;
    fs::set_permissions(&path, Permissions::from_mode(0o644))?;
    let mut castnetd = Castnetd::start(&r1.0, &["-v", "--user", NOBODY], &path)?;
    if !fs::read_to_string("/proc/self/uid_map")?.contains("4294967295") {
        // In a user namespace there may be no other user: then it serves nothing.
        castnetd.says(&["becoming the user 65534:65534: "]).await?;
        return Ok(fs::remove_dir_all(&folder)?);
    }
    castnetd.says(&["multicast between e0, e1"]).await?;
    let status = fs::read_to_string(format!("/proc/{}/status", castnetd.pid()?))?;
    for row in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534"] {
        assert!(status.contains(row), "{status}");
    }
    beside(source.source("10.0.1.10")?, async {
        r1.ip("link del e1")?;
        castnetd.says(&["e1 is not there"]).await?;
        lan(&nodes)?;
        let member = host.member("10.0.2.10")?;
        member.is_served().await?;
        castnetd.reload().await?;
        member.is_served().await
    })
    .await?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    castnetd.hang_up()?;
    castnetd.says(&["Permission denied", "the old configuration stays in force"]).await?;
    castnetd.ends_well().await?;
    let mut castnetd = Castnetd::start(&r1.0, &["-v", "--user", NOBODY], &path)?;
    castnetd.says(&["WARN", "cannot be read again", "permission denied"]).await?;
    castnetd.ends_well().await?;
    fs::remove_dir_all(&folder)?;
    // The key says it as the option does.
    let path = config("user", &format!("user = 'no-such-user'\n{TWO}"));
    let mut castnetd = Castnetd::start(&r1.0, &[], &path)?;
    castnetd.says(&["this machine has no user `no-such-user`"]).await.map(drop)
}
