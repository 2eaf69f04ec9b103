extension ClickHouseError.Code {
    // Made by this client.
    public static let connectFailed = Self(rawValue: -1)
    /// The connection broke before the answer was complete.
    public static let connectionLost = Self(rawValue: -2)
    public static let timedOut = Self(rawValue: -3)
    public static let cancelled = Self(rawValue: -4)
    /// The other end does not answer like ClickHouse, or the answer cannot be decoded.
    public static let unexpectedAnswer = Self(rawValue: -5)
    public static let invalidConnection = Self(rawValue: -6)
    public static let answerTooLarge = Self(rawValue: -7)
    public static let tlsFailed = Self(rawValue: -8)
    public static let clientShutDown = Self(rawValue: -9)
    public static let compressionFailed = Self(rawValue: -10)

    // ClickHouse's own, those that other code asks for.
    public static let cannotParseText = Self(rawValue: 6)
    public static let noSuchColumnInTable = Self(rawValue: 16)
    public static let cannotParseInput = Self(rawValue: 27)
    public static let unknownIdentifier = Self(rawValue: 47)
    public static let typeMismatch = Self(rawValue: 53)
    public static let tableAlreadyExists = Self(rawValue: 57)
    public static let unknownTable = Self(rawValue: 60)
    public static let syntaxError = Self(rawValue: 62)
    public static let unknownDatabase = Self(rawValue: 81)
    public static let databaseAlreadyExists = Self(rawValue: 82)
    public static let unknownSetting = Self(rawValue: 115)
    public static let incorrectData = Self(rawValue: 117)
    public static let timeoutExceeded = Self(rawValue: 159)
    public static let readonly = Self(rawValue: 164)
    public static let tooManySimultaneousQueries = Self(rawValue: 202)
    public static let memoryLimitExceeded = Self(rawValue: 241)
    public static let tableIsReadOnly = Self(rawValue: 242)
    public static let tooManyParts = Self(rawValue: 252)
    public static let queryWasCancelled = Self(rawValue: 394)
    public static let unknownQueryParameter = Self(rawValue: 456)
    public static let badQueryParameter = Self(rawValue: 457)
    public static let s3Error = Self(rawValue: 499)
    public static let accessDenied = Self(rawValue: 497)
    public static let authenticationFailed = Self(rawValue: 516)
    public static let unknownUser = Self(rawValue: 192)
    public static let accessEntityAlreadyExists = Self(rawValue: 493)
    /// The storage of users and roles cannot be written.
    public static let accessStorageReadonly = Self(rawValue: 495)
    public static let unknownRole = Self(rawValue: 511)
    public static let roleNotGranted = Self(rawValue: 512)

    /// For answers that carry only the number.
    var name: String? { Self.names[rawValue] }

    /// Who must act on this error. The numbers are ClickHouse's; what is not listed is retried, because a pipe that stops for good on a
    /// passing error loses more than one that tries again and says so.
    public var disposition: ClickHouseError.Disposition {
        if rawValue < 0 {
            switch self {
            case .invalidConnection, .answerTooLarge, .tlsFailed: return .user
            case .unexpectedAnswer, .clientShutDown, .compressionFailed: return .bug
            default: return .retryable
            }
        }
        if rawValue == 49 { return .bug }  // LOGICAL_ERROR: ClickHouse's word for its own faults
        let needsUser =
            Self.badData.contains(rawValue) || Self.badStatement.contains(rawValue) || Self.limits.contains(rawValue)
            || (Self.refusals.contains(rawValue) && !Self.passingRefusals.contains(rawValue))
        return needsUser ? .user : .retryable
    }

    /// Like ``disposition``, where the number alone says too little: errors of object stores and HTTP servers that ClickHouse passes on.
    func disposition(message: String) -> ClickHouseError.Disposition {
        guard [86, 499, 500].contains(rawValue) else { return disposition }
        let permanent = [
            "AccessDenied", "Access Denied", "NoSuchKey", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch",
            "AuthenticationFailed",
            "BlobNotFound", "ContainerNotFound", "HTTP status code: 401", "HTTP status code: 403", "HTTP status code: 404",
        ]
        return permanent.contains { message.contains($0) } ? .user : disposition
    }

    /// Whether the server refuses with this error before it runs anything, so the statement surely had no effect.
    package var stopsBeforeRunning: Bool { Self.refusals.contains(rawValue) }

    /// Data that does not parse or fit. A large insert may have written earlier blocks already.
    private static let badData: Set<Int> = [
        6, 7, 8, 9, 13, 20, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 120, 122, 124, 128, 130, 131, 153, 190, 248, 321, 349, 376,
        386,
        395, 407, 434, 435, 436, 441, 443, 444, 467, 469, 474, 536, 563, 569, 570, 578, 622, 623, 624, 626, 632, 636, 645, 651, 652, 675,
        676,
        691, 715, 718, 723, 728, 748,
    ]

    /// Statements that cannot work as written; some are found only while they run.
    private static let badStatement: Set<Int> = [
        1, 2, 10, 11, 12, 15, 16, 19, 34, 35, 36, 37, 42, 43, 44, 48, 52, 55, 59, 79, 80, 85, 90, 107, 108, 116, 121, 125, 127, 129, 133,
        134,
        135, 152, 169, 174, 179, 181, 182, 183, 184, 211, 219, 256, 257, 258, 260, 264, 277, 309, 318, 336, 352, 353, 358, 366, 370, 371,
        377,
        378,
        397, 398, 399, 403, 408, 417, 418, 419, 420, 422, 427, 431, 432, 433, 440, 442, 446, 450, 455, 475, 476, 477, 478, 479, 481, 489,
        491,
        492, 493, 496, 507, 508, 509, 515, 520, 523, 544, 545, 549, 582, 583, 596, 609, 610, 628, 630, 670, 671, 673, 674, 690, 701, 703,
        704,
        705, 708, 719, 721, 727,
    ]

    /// Found before anything runs: syntax, names, settings, parameters, privileges, credentials. 164 READONLY is among them: the user's
    /// profile or the `readonly` setting forbids the statement, which no retry changes; the passing read-only state of a replicated
    /// table has its own number, 242.
    private static let refusals: Set<Int> = [
        46, 47, 50, 51, 56, 57, 60, 62, 63, 73, 78, 81, 82, 115, 119, 164, 180, 192, 193, 194, 195, 199, 202, 206, 207, 215, 216, 223, 291,
        344, 373, 392, 452, 456, 457, 471, 472, 497, 511, 512, 516, 524, 620, 669, 720, 745, 749,
    ]

    /// Refusals for lack of capacity.
    private static let passingRefusals: Set<Int> = [202, 216, 373, 745, 749]

    /// Limits that stay until somebody changes the setting or the statement.
    private static let limits: Set<Int> = [158, 161, 162, 167, 168, 191, 229, 290, 306, 307, 359, 396, 565, 712, 724, 725]

    private static let names: [Int: String] = [
        -1: "CONNECT_FAILED", -2: "CONNECTION_LOST", -3: "TIMED_OUT", -4: "CANCELLED", -5: "UNEXPECTED_ANSWER", -6: "INVALID_CONNECTION",
        -7: "ANSWER_TOO_LARGE", -8: "TLS_FAILED", -9: "CLIENT_SHUT_DOWN", -10: "COMPRESSION_FAILED", 6: "CANNOT_PARSE_TEXT",
        16: "NO_SUCH_COLUMN_IN_TABLE",
        27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED", 47: "UNKNOWN_IDENTIFIER", 49: "LOGICAL_ERROR", 53: "TYPE_MISMATCH",
        57: "TABLE_ALREADY_EXISTS", 60: "UNKNOWN_TABLE", 62: "SYNTAX_ERROR", 81: "UNKNOWN_DATABASE", 82: "DATABASE_ALREADY_EXISTS",
        115: "UNKNOWN_SETTING", 117: "INCORRECT_DATA", 159: "TIMEOUT_EXCEEDED", 164: "READONLY", 202: "TOO_MANY_SIMULTANEOUS_QUERIES",
        209: "SOCKET_TIMEOUT", 210: "NETWORK_ERROR", 241: "MEMORY_LIMIT_EXCEEDED", 242: "TABLE_IS_READ_ONLY", 252: "TOO_MANY_PARTS",
        319: "UNKNOWN_STATUS_OF_INSERT", 394: "QUERY_WAS_CANCELLED", 425: "SYSTEM_ERROR", 456: "UNKNOWN_QUERY_PARAMETER",
        457: "BAD_QUERY_PARAMETER", 497: "ACCESS_DENIED", 499: "S3_ERROR", 516: "AUTHENTICATION_FAILED", 999: "KEEPER_EXCEPTION",
        1000: "POCO_EXCEPTION",
    ]
}
