<?php

declare(strict_types=1);

return [
    'url' => 'Address of Provisor',
    'url_help' => 'Without a path, as this panel reaches it.',
    'key' => 'Key of this panel',
    'key_help' => 'Begins with pvr_. Each panel needs a key of its own.',
    'patience' => 'Patience in seconds',
    'patience_help' => 'How long a job waits for a busy or silent Provisor before it fails, 0 to 20.',
    'scopes_missing' => 'The key lacks these rights: :scopes.',
    'unreachable' => 'Nothing answers at this address: :reason',
    'not_provisor' => 'Something answers at this address with status :status, and it is not Provisor: :reason',
    'key_refused' => 'Provisor answers, and refuses the key: :reason',
];
