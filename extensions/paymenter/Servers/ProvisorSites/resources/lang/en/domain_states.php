<?php

declare(strict_types=1);

return [
    'pending_verification' => 'Waiting for DNS',
    'issuing' => 'Being set up',
    'active' => 'Active',
    'removing' => 'Being removed',
    'removed' => 'Removed',
    'failed' => 'Failed',
    'expired' => 'Expired',
];
