pub fn server_error(error: postgres::Error) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}
