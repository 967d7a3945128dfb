<?php

declare(strict_types=1);

return [
    'quota' => ':used din :limit folosite',
    'cancel' => 'Renunță',
    'not_configured' => 'Această pagină nu este configurată. Contactați suportul.',
];
