/// The text of the server's configuration files.
package enum ServerConfigText {
    package static let user = "penstock"

    /// `config.xml`: loopback only, own paths, two log tables, caches and pools for a small machine that does other work too.
    package static func server(paths: ServerPaths, httpPort: Int, tcpPort: Int?, memoryShare: Double) -> String {
        let root = escaped(paths.root)
        return """
            <clickhouse>
                <!-- Written by Penstock at every start: changes here are lost. -->
                <logger>
                    <level>information</level>
                    <log>\(escaped(paths.logs))/clickhouse-server.log</log>
                    <errorlog>\(escaped(paths.errorLog))</errorlog>
                    <size>50M</size>
                    <count>3</count>
                </logger>
                <listen_host>127.0.0.1</listen_host>
                <http_port>\(httpPort)</http_port>
                \(tcpPort.map { "<tcp_port>\($0)</tcp_port>" } ?? "<!-- no native port -->")
                <timezone>UTC</timezone>
                <path>\(escaped(paths.data))/</path>
                <tmp_path>\(root)/tmp/</tmp_path>
                <user_files_path>\(root)/user_files/</user_files_path>
                <format_schema_path>\(root)/format_schemas/</format_schema_path>
                <filesystem_caches_path>\(root)/caches/</filesystem_caches_path>
                <user_directories>
                    <users_xml><path>\(escaped(paths.users))</path></users_xml>
                    <local_directory><path>\(root)/access/</path></local_directory>
                </user_directories>
                <default_profile>default</default_profile>
                <default_database>default</default_database>
                <!-- Row policies can ask for getSetting('SQL_…'). -->
                <custom_settings_prefixes>SQL_</custom_settings_prefixes>
                <!-- The default, said aloud: query endpoints must not read the query log without a right to. -->
                <access_control_improvements>
                    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
                </access_control_improvements>
                <max_server_memory_usage_to_ram_ratio>\(memoryShare)</max_server_memory_usage_to_ram_ratio>
                <mark_cache_size>134217728</mark_cache_size>
                <uncompressed_cache_size>0</uncompressed_cache_size>
                <background_schedule_pool_size>16</background_schedule_pool_size>
                <background_common_pool_size>4</background_common_pool_size>
                <background_fetches_pool_size>2</background_fetches_pool_size>
                <background_move_pool_size>2</background_move_pool_size>
                <background_buffer_flush_schedule_pool_size>2</background_buffer_flush_schedule_pool_size>
                <background_message_broker_schedule_pool_size>4</background_message_broker_schedule_pool_size>
                <background_distributed_schedule_pool_size>2</background_distributed_schedule_pool_size>
                <!-- Parts that were merged away stay visible for 8 minutes: a load that was cut off looks for them. -->
                <merge_tree><old_parts_lifetime>480</old_parts_lifetime></merge_tree>
                <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
            \(logTable("query_log"))
            \(logTable("part_log"))
            </clickhouse>

            """
    }

    /// `users.xml`: one user, with a password, from this machine only.
    /// - Parameter passwordSHA256: in hexadecimal; the password itself is in no configuration file.
    package static func users(passwordSHA256: String) -> String {
        """
        <clickhouse>
            <!-- Written by Penstock at every start: changes here are lost. Create further users with SQL. -->
            <users>
                <\(user)>
                    <password_sha256_hex>\(passwordSHA256)</password_sha256_hex>
                    <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
                    <profile>default</profile>
                    <quota>default</quota>
                    <access_management>1</access_management>
                    <named_collection_control>1</named_collection_control>
                </\(user)>
            </users>
            <profiles><default/></profiles>
            <quotas><default/></quotas>
        </clickhouse>

        """
    }

    private static func logTable(_ name: String) -> String {
        """
            <\(name)>
                <database>system</database>
                <table>\(name)</table>
                <partition_by>toYYYYMMDD(event_date)</partition_by>
                <ttl>event_date + INTERVAL 7 DAY DELETE</ttl>
                <flush_interval_milliseconds>7500</flush_interval_milliseconds>
                <max_size_rows>131072</max_size_rows>
                <reserved_size_rows>1024</reserved_size_rows>
                <buffer_size_rows_flush_threshold>65536</buffer_size_rows_flush_threshold>
            </\(name)>
        """
    }

    /// Text of an XML element.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }
}
