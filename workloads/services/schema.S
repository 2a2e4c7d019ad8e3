# The messages as tables for the guest's codec. Generated from workloads/schema.ts: change that,
# then `npx vitest run test/workloads/messages.test.ts -u`.

.equ KIND_string, 0
.equ KIND_int64, 1
.equ KIND_message, 2
.equ KIND_repeated, 3
.equ KIND_fixed64, 4
.equ FIELD_at, 0
.equ FIELD_lengthAt, 2
.equ FIELD_kind, 4
.equ FIELD_tag, 5
.equ FIELD_type, 8
.equ FIELD_bytes, 16
.equ FIELD_BIT, 4
.equ TYPE_objectBytes, 0
.equ TYPE_fieldCount, 4
.equ TYPE_fields, 8

.macro FIELD kind, tag, at, lengthAt=0, type
        .half   \at, \lengthAt
        .byte   KIND_\kind, \tag, 0, 0
        .ifb    \type
        .word   0, 0
        .else
        .word   \type - . + FIELD_type, 0      # from the start of this FIELD
        .endif
.endm

.equ USER_name, 0 * PTR_BYTES
.equ USER_id, 1 * PTR_BYTES + 0 * 8
.equ USER_nameLength, 1 * PTR_BYTES + 1 * 8
.equ USER_bytes, (1 * PTR_BYTES + 2 * 8 + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES

.equ MEDIA_type, 0 * PTR_BYTES
.equ MEDIA_id, 1 * PTR_BYTES + 0 * 8
.equ MEDIA_typeLength, 1 * PTR_BYTES + 1 * 8
.equ MEDIA_bytes, (1 * PTR_BYTES + 2 * 8 + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES

.equ URL_shortened, 0 * PTR_BYTES
.equ URL_expanded, 1 * PTR_BYTES
.equ URL_shortenedLength, 2 * PTR_BYTES + 0 * 8
.equ URL_expandedLength, 2 * PTR_BYTES + 1 * 8
.equ URL_bytes, (2 * PTR_BYTES + 2 * 8 + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES

.equ POST_creator, 0 * PTR_BYTES
.equ POST_text, 1 * PTR_BYTES
.equ POST_mentions, 2 * PTR_BYTES
.equ POST_media, 3 * PTR_BYTES
.equ POST_urls, 4 * PTR_BYTES
.equ POST_id, 5 * PTR_BYTES + 0 * 8
.equ POST_textLength, 5 * PTR_BYTES + 1 * 8
.equ POST_mentionsCount, 5 * PTR_BYTES + 2 * 8
.equ POST_mediaCount, 5 * PTR_BYTES + 3 * 8
.equ POST_urlsCount, 5 * PTR_BYTES + 4 * 8
.equ POST_timestamp, 5 * PTR_BYTES + 5 * 8
.equ POST_type, 5 * PTR_BYTES + 6 * 8
.equ POST_bytes, (5 * PTR_BYTES + 7 * 8 + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES

.equ PAYLOAD_note, 0 * PTR_BYTES
.equ PAYLOAD_posts, 1 * PTR_BYTES
.equ PAYLOAD_id, 2 * PTR_BYTES + 0 * 8
.equ PAYLOAD_timestamp, 2 * PTR_BYTES + 1 * 8
.equ PAYLOAD_noteLength, 2 * PTR_BYTES + 2 * 8
.equ PAYLOAD_postsCount, 2 * PTR_BYTES + 3 * 8
.equ PAYLOAD_bytes, (2 * PTR_BYTES + 4 * 8 + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES

        .section .rodata
        .balign 8

schema_user:
        .word   USER_bytes, 2
        FIELD   int64, 8, USER_id
        FIELD   string, 18, USER_name, USER_nameLength

schema_media:
        .word   MEDIA_bytes, 2
        FIELD   int64, 8, MEDIA_id
        FIELD   string, 18, MEDIA_type, MEDIA_typeLength

schema_url:
        .word   URL_bytes, 2
        FIELD   string, 10, URL_shortened, URL_shortenedLength
        FIELD   string, 18, URL_expanded, URL_expandedLength

schema_post:
        .word   POST_bytes, 8
        FIELD   int64, 8, POST_id
        FIELD   message, 18, POST_creator, 0, schema_user
        FIELD   string, 26, POST_text, POST_textLength
        FIELD   repeated, 34, POST_mentions, POST_mentionsCount, schema_user
        FIELD   repeated, 42, POST_media, POST_mediaCount, schema_media
        FIELD   repeated, 50, POST_urls, POST_urlsCount, schema_url
        FIELD   fixed64, 57, POST_timestamp
        FIELD   int64, 64, POST_type

schema_payload:
        .word   PAYLOAD_bytes, 4
        FIELD   int64, 8, PAYLOAD_id
        FIELD   fixed64, 17, PAYLOAD_timestamp
        FIELD   string, 26, PAYLOAD_note, PAYLOAD_noteLength
        FIELD   repeated, 34, PAYLOAD_posts, PAYLOAD_postsCount, schema_post

schema_request:
        .word   REQUEST_bytes, 3
        FIELD   int64, 8, REQUEST_plan
        FIELD   int64, 16, REQUEST_sequence
        FIELD   message, 26, REQUEST_payload, 0, schema_payload

schema_reply:
        .word   REPLY_bytes, 3
        FIELD   int64, 8, REPLY_status
        FIELD   fixed64, 17, REPLY_checksum
        FIELD   message, 26, REPLY_payload, 0, schema_payload
